"""Bad releases are caught, each by the gate that is meant for it; without its fault each would pass."""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from typing import Any

import docker
import pytest
import yaml

from integration.trusted import trust
from integration.zoo import ANIMALS, NOISE, REBUILT, Animal, Tampering
from scratch import Scratch, translator_project

pytestmark = [pytest.mark.engine, pytest.mark.slow]

# Without its text: what is said is another gate's business.
READY = {"gate": "startup", "ready_within": "12s"}
IDENTITY = {"gate": "identity"}  # a pipeline in which only the start is looked at is refused


@pytest.fixture(scope="module")
def zoo() -> Iterator[tuple[Scratch, str]]:
    """The translator, healthy, built and committed: its project and its tag."""
    with translator_project() as scratch:
        yield scratch, scratch.build("1.0.0")


@pytest.fixture
def project(zoo: tuple[Scratch, str]) -> Iterator[Scratch]:
    """The healthy commit; what a test plants is gone afterwards."""
    scratch, _ = zoo
    healthy = scratch.git("rev-parse", "HEAD")
    yield scratch
    scratch.git("reset", "-q", "--hard", healthy)
    scratch.git("clean", "-qfd")


def verify(scratch: Scratch, tag: str, against: str) -> dict[str, Any]:
    done = scratch.run("verify", tag, "--against", against, "--json")
    assert done.returncode in (0, 3), done.stderr
    return {gate["name"]: gate for gate in json.loads(done.stdout)["gates"]}


def caught(scratch: Scratch, tag: str, against: str, animal: Animal | Tampering) -> dict[str, Any]:
    """What the gate of the project's own pipeline that is meant for a fault says; it alone is asked."""
    pipeline = scratch.root / "pipelines" / "verify.yaml"
    settings = yaml.safe_load(pipeline.read_text())
    meant = [each for each in settings["gates"] if each["gate"] == animal.gate]
    gates = [*meant, IDENTITY] if animal.gate == "startup" else [READY, *meant]
    pipeline.write_text(yaml.safe_dump(settings | {"gates": gates}))
    found = verify(scratch, tag, against)[animal.gate]
    assert found["verdict"] == "fail", found
    print(f"{animal.name}: {animal.gate}: {found['reason']}")
    assert re.search(animal.reason, found["reason"]), found["reason"]
    return dict(found)


@pytest.fixture(scope="module")
def itself(zoo: tuple[Scratch, str]) -> dict[str, Any]:
    """What all gates say of the healthy release beside itself."""
    scratch, healthy = zoo
    return verify(scratch, healthy, healthy)


@pytest.mark.alone
def test_the_same_release_without_a_fault_passes(itself: dict[str, Any]) -> None:
    assert len(itself) > 5
    assert {name: gate["reason"] for name, gate in itself.items() if gate["verdict"] != "pass"} == {}


@pytest.mark.alone
def test_the_pipeline_allows_as_many_lost_numbers_as_the_model_loses_and_no_more(
    itself: dict[str, Any],
) -> None:
    everyday, shop = itself["quality"]["figures"]["data_sets"]
    assert everyday["allowed"] == {"numbers": everyday["faults"]["numbers"]}
    assert (shop["allowed"], set(shop["faults"].values())) == ({}, {0})


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
def test_a_bad_release_is_caught(zoo: tuple[Scratch, str], project: Scratch, animal: Animal) -> None:
    animal.plant(project)
    caught(project, project.build("1.1.0"), zoo[1], animal)


def test_noise_that_takes_three_points_of_chrf_is_caught(zoo: tuple[Scratch, str], project: Scratch) -> None:
    NOISE.plant(project)
    found = caught(project, project.build("1.1.0"), zoo[1], NOISE)
    drops = {each["name"]: each["against_live"]["chrF"] for each in found["figures"]["data_sets"]}
    print({name: drop["difference"] for name, drop in drops.items()})
    assert -5 <= drops["everyday"]["difference"] <= -1.5


@pytest.mark.parametrize("tampering", REBUILT, ids=lambda tampering: tampering.name)
def test_a_good_image_that_was_tampered_with_is_caught(
    zoo: tuple[Scratch, str], project: Scratch, tampering: Tampering
) -> None:
    tag = project.build("1.2.0")
    built = project.json("build")
    image = rebuild(built["reference"], tampering.line.format(version=locked_flask(project)))
    assert f"{tag} was not built here" in project.refused(3, "verify", tag)
    trust(project, tag, image)
    caught(project, tag, zoo[1], tampering)


def test_a_label_of_another_commit_is_refused_before_any_gate(project: Scratch) -> None:
    tag = project.build("1.2.0")
    line = f'LABEL org.opencontainers.image.revision="{"0" * 40}"'
    trust(project, tag, rebuild(project.json("build")["reference"], line))
    assert "0" * 12 in project.refused(3, "verify", tag)


def locked_flask(project: Scratch) -> str:
    """The version of Flask that the image contains."""
    found = re.search(r"(?m)^flask==(\S+)", (project.root / "service/requirements.lock").read_text())
    assert found is not None
    return found[1]


def rebuild(reference: str, line: str) -> str:
    """Give the name of an image to one that a Dockerfile makes of it; returns its id."""
    context = io.BytesIO()
    files = {
        "Dockerfile": f"FROM {reference}\n{line}\n",
        "METADATA": "Metadata-Version: 2.1\nName: flask\nVersion: 99.0\n",
    }
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            tar.addfile(member, io.BytesIO(content.encode()))
    context.seek(0)
    client = docker.from_env()
    try:
        image, _ = client.images.build(fileobj=context, custom_context=True, tag=reference)
        return str(image.id)
    finally:
        client.close()
