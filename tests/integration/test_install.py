"""`deploy/systemd/install.sh`: for a project of its own folder, with variables that nobody else can read."""

import json
import os
import pwd
import runpy
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from scratch import ROOT

ADDRESS = (
    "https://hooks.example.invalid/T0/$(touch x)`id` \"quoted\" 'single' \\ back %i %% #x ${HOME} 北京 end\\"
)
GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")


class Project:
    """A project that is not this repository, and what was installed for it below `root`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder / "srv" / "echo", folder / "root"
        shutil.copytree(ROOT / "tests/projects/echo", self.folder)
        self.environment({})

    def environment(self, settings: dict[str, object], name: str = "local") -> None:
        file = self.folder / "deploy" / "environments" / f"{name}.yaml"
        file.write_text(json.dumps({"state_dir": ".relctl"} | settings))

    def install(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RELCTL_")}
        return subprocess.run(
            [str(ROOT / "deploy/systemd/install.sh"), *(arguments or ("local", str(self.folder)))],
            cwd=self.folder.parent,
            env=kept | environ | {"DESTDIR": str(self.root)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def unit(self, name: str = "local") -> Path:
        return self.root / f"etc/systemd/system/relctl-nginx@{name}.service"

    def variables(self, name: str = "local") -> Path:
        return self.root / f"etc/relctl/nginx-{name}.env"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def as_a_shell_reads(path: Path) -> dict[str, str]:
    """Read it with a shell: within double quotes it takes what systemd takes."""
    shell = ["env", "-i", "sh", "-c", f'set -a; . "{path}"; unset PWD; exec env -0']
    done = subprocess.run(shell, capture_output=True, text=True, check=True)
    return dict(each.split("=", 1) for each in done.stdout.split("\0") if each)


def test_it_is_installed_for_a_project_elsewhere(project: Project) -> None:
    done = project.install()
    assert (done.returncode, done.stderr) == (0, "")
    text = project.unit().read_text()
    assert f"\nWorkingDirectory={project.folder}\n" in text
    assert f"\nExecStart={ROOT}/.venv/bin/relctl --env local proxy up\n" in text
    assert f"\nPIDFile={project.folder}/.relctl/echo-local/nginx/nginx.pid\n" in text
    assert f"\nUser={pwd.getpwuid(os.geteuid()).pw_name}\n" in text
    assert "\nEnvironmentFile=/etc/relctl/nginx-local.env\n" in text
    assert project.variables().read_text() == ""
    assert "/srv/translator" not in text
    logs = (project.root / "etc/logrotate.d/relctl-local").read_text()
    assert f"\n{project.folder}/.relctl/echo-local/nginx/access.log " in logs
    again = project.install("local", "echo")  # the folder as it is typed, from where it is typed
    assert (again.returncode, project.unit().read_text()) == (0, text)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_nothing_to_say(project: Project) -> None:
    project.install()
    command = ["systemd-analyze", "verify", "--man=no", str(project.unit())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_variables_that_count_are_kept_as_they_are_for_root_alone(project: Project) -> None:
    project.environment({"notify": [{"on": ["promoted"], "run": ["tell", "${TOKEN}", "${ELSE:none}"]}]})
    project.variables().parent.mkdir(parents=True)
    project.variables().write_text("left open by an older one")
    project.variables().chmod(0o644)
    counting = {
        "TOKEN": ADDRESS,
        "RELCTL_STATE_DIR": str(project.folder / "state"),
        "RELCTL_RESOURCES_CPUS": "1",
    }
    done = project.install(**counting, OTHER="not named", RELCTL_ENV="local", RELCTL_FAULT="x")
    assert (done.returncode, done.stderr) == (0, "")
    assert as_a_shell_reads(project.variables()) == counting
    assert stat.S_IMODE(project.variables().stat().st_mode) == 0o600
    for path in (project.unit(), project.root / "etc/logrotate.d/relctl-local"):
        assert "hooks.example.invalid" not in path.read_text()
    assert "hooks.example.invalid" not in done.stdout


VALUES = [" blanks ", "#;x", "a'b", 'a"b', "a\\b\\", "北京 \\n", "a\\\\"]
SHELL = ["", "two\nlines\n", "a\\\nb", "tab\t", "$HOME ${HOME} `id` $(id)", ADDRESS]


def test_any_value_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = {f"V{number}": value for number, value in enumerate([*VALUES, *SHELL])}
    written(tmp_path / "file", found)
    assert as_a_shell_reads(tmp_path / "file") == found


@pytest.mark.skipif(not GENERATOR.exists(), reason="there is no systemd here")
def test_systemd_itself_reads_the_same(tmp_path: Path) -> None:
    """By its generator of user environments: the same reader, but afterwards it expands what has a `$`."""
    found = {f"V{number}": value for number, value in enumerate(VALUES)}
    written(tmp_path / "environment.d" / "x.conf", found)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run([str(GENERATOR)], env=environ, capture_output=True, text=True, check=True)
    (tmp_path / "read").write_text(done.stdout)
    assert found.items() <= as_a_shell_reads(tmp_path / "read").items()


def written(path: Path, values: dict[str, str]) -> None:
    """Write a file of variables as install.sh has it written."""
    quoted = runpy.run_path(str(ROOT / "deploy/systemd/facts.py"))["quoted"]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{name}={quoted(name, value)}\n" for name, value in values.items()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (("",), {}, "which environment?"),
        (("local", "nowhere"), {}, "there is no folder 'nowhere'"),
        (("local", "."), {}, "holds no versions.yaml"),
        (("nope", "echo"), {}, "there is no environment 'nope'"),
        (("local", "echo", "a b"), {}, "'a b': a unit's name has letters"),
        (("local", "echo"), {"TOKEN": "se\x1bcret"}, "TOKEN holds control characters"),
        (("local", "echo"), {"TOKEN": "se\udcffcret"}, "TOKEN is not UTF-8"),
    ],
)
def test_what_cannot_be_installed_is_one_error_that_tells_no_secret(
    project: Project, arguments: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    project.environment({"docker_host": "${TOKEN:}"})
    done = project.install(*arguments, **environ)
    assert done.returncode == 2
    assert done.stderr.count("install: error: ") == done.stderr.count("next: ") == 1
    assert words in done.stderr
    assert "cret" not in done.stderr
    assert not project.root.exists()


@pytest.mark.slow
def test_two_projects_of_one_host_have_two_units(project: Project, tmp_path: Path) -> None:
    assert project.install().returncode == 0
    other = tmp_path / "srv" / "other"
    shutil.copytree(project.folder, other)
    refused = project.install("local", str(other))
    assert refused.returncode == 2
    assert "is another project's" in refused.stderr
    assert f"next: deploy/systemd/install.sh local {other} OTHER-NAME" in refused.stderr
    assert project.install("local", str(other), "other").returncode == 0
    assert f"WorkingDirectory={other}\n" in project.unit("other").read_text()
    assert "EnvironmentFile=/etc/relctl/nginx-other.env\n" in project.unit("other").read_text()
    assert f"WorkingDirectory={project.folder}\n" in project.unit().read_text()
