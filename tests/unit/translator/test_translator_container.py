"""CPUs and memory are those of the container, not of the machine."""

import os
from pathlib import Path

import pytest

from translator.container import available_cpus, cpu_quota, memory_limit


def write(cgroup: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (cgroup / name).parent.mkdir(exist_ok=True)
        (cgroup / name).write_text(text + "\n", encoding="ascii")
    return cgroup


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_quota_is_read_from_both_versions_of_cgroups(
    files: dict[str, str], cpus: float | None, tmp_path: Path
) -> None:
    assert cpu_quota(write(tmp_path, files)) == cpus


def test_a_fraction_of_a_cpu_still_is_one(tmp_path: Path) -> None:
    assert available_cpus(write(tmp_path, {"cpu.max": "20000 100000"})) == 1


def test_a_generous_quota_does_not_add_cpus(tmp_path: Path) -> None:
    usable = len(os.sched_getaffinity(0))
    assert available_cpus(write(tmp_path, {"cpu.max": "99900000 100000"})) == usable


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_memory_limit_is_the_containers(name: str, tmp_path: Path) -> None:
    assert memory_limit(write(tmp_path, {name: "1048576"})) == 1048576


def test_without_a_limit_the_memory_is_the_machines(tmp_path: Path) -> None:
    assert memory_limit(write(tmp_path, {"memory.max": "max"})) == memory_limit(tmp_path)
    assert memory_limit(tmp_path) > 1048576
