"""One suite for every engine: the one in memory may stand in for Docker only because both pass it."""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from memory_engine import MemoryEngine
from ports import free_port
from relctl.config.environment import Environment
from relctl.config.versions import Contract
from relctl.engine.docker import DockerEngine, connect
from relctl.engine.protocol import ContainerSpec, Engine, Image, Limits, Network, Publish
from relctl.errors import EngineError
from relctl.probe.ready import NeverReadyError, wait_until_ready
from scratch import Scratch, echo_project, free_subnet

pytestmark = pytest.mark.engine

PYTHON = "python3.11"  # what the image of the echo service has


@dataclass
class Stand:
    """An engine with two images in it, `good` and `broken` (it ends at once), and names of its own."""

    engine: Engine
    good: Image
    broken: Image
    name: str
    network: Network

    def spec(self, image: Image, **changes: object) -> ContainerSpec:
        spec = ContainerSpec(
            name=f"{self.name}-one",
            image_id=image.id,
            port=8000,
            labels={"suite": self.name},
            limits=Limits(cpus=1.0, memory=256 * 1024**2, pids=64),
            network=self.network,
            environment={"PORT": "8000"},
        )
        return replace(spec, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[str, str]]:
    """The ids of the two images."""
    with echo_project() as project:
        yield built_as(project, "1.0.0"), built_as(project, "2.0.0", exits=True)


@pytest.fixture(params=["memory", "sdk", "socket"])
def stand(request: pytest.FixtureRequest, built: tuple[str, str]) -> Iterator[Stand]:
    unique = secrets.token_hex(4)
    docker = DockerEngine()
    images = [image_of(docker, image_id) for image_id in built]
    engine: Engine = docker
    if request.param == "memory":
        memory = MemoryEngine()
        memory.add(replace(images[0], labels={**images[0].labels}))
        memory.add(replace(images[1], labels={**images[1].labels, "behaviour": '{"exits": true}'}))
        engine = memory
    if request.param == "socket":
        engine = connect(Environment())
        assert isinstance(engine, DockerEngine)
    name = f"relctl-suite-{unique}"
    yield Stand(engine, images[0], images[1], name, Network(name, free_subnet()))
    for container in engine.containers({"suite": name}):
        engine.remove(container.name)
    engine.remove_network(name)


def built_as(project: Scratch, version: str, **behaviour: bool) -> str:
    project.commit(version, **behaviour)
    image_id: str = project.json("build")["image_id"]
    return image_id


def image_of(engine: Engine, image_id: str) -> Image:
    image = engine.image(image_id)
    assert image is not None
    return image


def test_an_image_is_found_by_id_and_by_each_of_its_tags(stand: Stand) -> None:
    for reference in (stand.good.id, *stand.good.tags):
        assert stand.engine.image(reference) == stand.good
    assert stand.engine.image("relctl-nothing:v1.0.0-abc12de") is None


def test_images_are_listed_by_label(stand: Stand) -> None:
    service = stand.good.labels["io.relctl.service"]
    found = {image.id for image in stand.engine.images(f"io.relctl.service={service}")}
    assert found == {stand.good.id, stand.broken.id}
    assert found <= {image.id for image in stand.engine.images("io.relctl.service")}
    assert stand.engine.images("io.relctl.service=nobody") == []


def test_a_started_container_answers_at_its_address(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    service = wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    assert service.info()["tag"] == stand.good.labels["io.relctl.tag"]
    assert container.running
    assert stand.engine.container(container.name) == container


def test_a_container_carries_the_labels_of_its_image_and_its_own(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    assert container.labels["suite"] == stand.name
    assert container.labels["io.relctl.tag"] == stand.good.labels["io.relctl.tag"]
    assert container.image_id == stand.good.id


def test_a_published_container_answers_at_that_loopback_port(stand: Stand) -> None:
    port = free_port()
    container = stand.engine.start(stand.spec(stand.good, publish=Publish(port)))
    assert container.address == f"127.0.0.1:{port}"
    wait_until_ready(stand.engine, container, Contract(port=8000), within=60)


def test_a_port_of_zero_publishes_a_free_one(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good, publish=Publish(0)))
    assert container.address.startswith("127.0.0.1:")
    assert not container.address.endswith(":0")


def test_starting_replaces_the_container_of_that_name(stand: Stand) -> None:
    stand.engine.start(stand.spec(stand.broken))
    second = stand.engine.start(stand.spec(stand.good))
    assert [each.image_id for each in stand.engine.containers({"suite": stand.name})] == [stand.good.id]
    assert second.image_id == stand.good.id


def test_containers_are_found_by_all_their_labels(stand: Stand) -> None:
    stand.engine.start(stand.spec(stand.good))
    stand.engine.start(
        stand.spec(stand.good, name=f"{stand.name}-two", labels={"suite": stand.name, "role": "x"})
    )
    assert len(stand.engine.containers({"suite": stand.name})) == 2
    assert [each.name for each in stand.engine.containers({"suite": stand.name, "role": "x"})] == [
        f"{stand.name}-two"
    ]
    assert stand.engine.containers({"suite": "nobody"}) == []


def test_a_container_that_ended_says_how_and_why(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.broken))
    with pytest.raises(NeverReadyError, match=r"ended with exit code 1 .*\n.*planted fault"):
        wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    ended = stand.engine.container(container.name)
    assert ended is not None
    assert (ended.running, ended.exit_code, ended.address) == (False, 1, "")
    assert "planted fault" in stand.engine.logs(container.name, lines=5)
    written = stand.engine.logs(container.name, lines=0).splitlines()
    assert list(stand.engine.follow(container.name, 0)) == written
    assert "planted fault" in list(stand.engine.follow(container.name, 5))[-1]
    assert list(stand.engine.follow(container.name, 0, since=time.time() + 60)) == []
    assert stand.engine.logs(container.name, 0, since=time.time() + 60) == ""


def test_following_a_container_ends_with_it(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(lambda: list(stand.engine.follow(container.name, 0)))
        with pytest.raises(TimeoutError):
            read.result(timeout=0.3)
        stand.engine.remove(container.name, grace=0)
        assert read.result(timeout=60) is not None
    assert list(stand.engine.follow(container.name, 0)) == []


def test_a_removed_container_is_gone_and_removing_it_again_is_no_error(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    stand.engine.remove(container.name)
    stand.engine.remove(container.name)
    assert stand.engine.container(container.name) is None
    assert stand.engine.logs(container.name, lines=5) == ""
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{container.address}/livez", timeout=1)


def test_a_missing_image_cannot_be_started(stand: Stand) -> None:
    with pytest.raises(EngineError):
        stand.engine.start(replace(stand.spec(stand.good), image_id=f"sha256:{'0' * 64}"))


def test_what_cannot_be_started_leaves_no_container_that_keeps_the_name(stand: Stand) -> None:
    publish = Publish(free_port())
    stand.engine.start(stand.spec(stand.good, publish=publish))
    with pytest.raises(EngineError):
        stand.engine.start(stand.spec(stand.good, publish=publish, name=f"{stand.name}-two"))
    assert [each.name for each in stand.engine.containers({"suite": stand.name})] == [f"{stand.name}-one"]


def test_a_network_of_another_subnet_is_not_taken_for_ours(stand: Stand) -> None:
    stand.engine.start(stand.spec(stand.good))
    moved = replace(stand.network, subnet=free_subnet())
    with pytest.raises(EngineError, match=f"network {stand.name} has subnet {stand.network.subnet}, not"):
        stand.engine.start(stand.spec(stand.good, network=moved))


def test_whether_a_network_can_be_had_is_told_without_making_it(stand: Stand) -> None:
    stand.engine.insist_on_network(stand.network)
    stand.engine.start(stand.spec(stand.good))
    stand.engine.insist_on_network(stand.network)
    with pytest.raises(EngineError, match=f"network {stand.name} has subnet {stand.network.subnet}, not"):
        stand.engine.insist_on_network(replace(stand.network, subnet=free_subnet()))


def test_a_network_without_a_subnet_gets_one_that_is_free(stand: Stand) -> None:
    network = Network(f"{stand.name}-any", "")
    try:
        for name in ("one", "two"):
            spec = stand.spec(stand.good, network=network, name=f"{stand.name}-{name}")
            container = stand.engine.start(spec)
            wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    finally:
        for name in ("one", "two"):
            stand.engine.remove(f"{stand.name}-{name}", grace=0)
        stand.engine.remove_network(network.name)


def test_removing_what_is_not_there_is_no_error(stand: Stand) -> None:
    stand.engine.remove_image("relctl-nothing:v1.0.0-abc12de")
    stand.engine.remove_network("relctl-nothing")


def test_an_image_is_removed_with_its_last_name(stand: Stand) -> None:
    names = [f"relctl-suite-{stand.name}/{letter}:v1" for letter in "ab"]
    before = stand.engine.image(stand.good.id)
    assert before is not None
    for name in names:
        stand.engine.name_image(stand.good.id, name)
    for name in names:
        named = stand.engine.image(name)
        assert named is not None
        assert (named.id, set(named.tags)) == (stand.good.id, {*before.tags, *names})
    for name in names:
        stand.engine.remove_image(name)
        assert stand.engine.image(name) is None
    assert stand.engine.image(stand.good.id) == before


def test_a_name_is_taken_from_an_image_in_use_but_not_its_last(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    one_more = f"relctl-suite-{stand.name}/more:v1"
    stand.engine.name_image(stand.good.id, one_more)
    stand.engine.remove_image(one_more)
    *names, last = stand.good.tags
    for name in names:
        stand.engine.remove_image(name)
    with pytest.raises(EngineError, match=r"in use|is using"):
        stand.engine.remove_image(last)
    for name in names:
        stand.engine.name_image(stand.good.id, name)
    assert stand.engine.container(container.name) is not None


def test_an_image_that_is_not_there_gets_no_name(stand: Stand) -> None:
    with pytest.raises(EngineError):
        stand.engine.name_image(f"sha256:{'0' * 64}", "relctl-suite-nothing:v1")


def test_an_image_in_use_is_not_removed(stand: Stand) -> None:
    container = stand.engine.start(stand.spec(stand.good))
    with pytest.raises(EngineError):
        stand.engine.remove_image(stand.good.id)
    assert stand.engine.container(container.name) is not None


def test_what_is_no_archive_is_refused(stand: Stand, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(b"\0" * 10240)
    with pytest.raises(EngineError):
        stand.engine.load(archive)


def test_fixed_addresses_are_kept_out_of_what_the_engine_gives_out(built: tuple[str, str]) -> None:
    engine, unique = DockerEngine(), secrets.token_hex(4)
    image = image_of(engine, built[0])
    name, subnet = f"relctl-suite-{unique}", free_subnet()
    stand = Stand(engine, image, image, name, Network(name, subnet))
    fixed = subnet.rpartition(".")[0] + f".{int(subnet.rpartition('.')[2].split('/')[0]) + 2}"
    try:
        given = [engine.start(stand.spec(image, name=f"{name}-{number}")).address for number in range(3)]
        placed = engine.start(stand.spec(image, address=fixed)).address
    finally:
        for container in engine.containers({"suite": name}):
            engine.remove(container.name)
        engine.remove_network(name)
    assert placed == f"{fixed}:8000"
    assert placed not in given


@pytest.mark.parametrize("path", ["/nowhere/docker.sock", "/dev/null"])
def test_a_socket_where_no_engine_listens_is_one_clear_error(path: str) -> None:
    with pytest.raises(EngineError, match=f"no Docker engine answers at unix://{path}") as raised:
        DockerEngine(f"unix://{path}").container("any")
    assert "make setup" in raised.value.hint


def memory(engine: Engine, name: str) -> int:
    return sum(engine.processes(name).values())


@pytest.fixture
def running(stand: Stand) -> tuple[Engine, str]:
    """An engine, and the name of a container that is ready in it."""
    container = stand.engine.start(stand.spec(stand.good))
    wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    return stand.engine, container.name


def test_a_running_container_has_memory_of_a_plausible_size(running: tuple[Engine, str]) -> None:
    engine, name = running
    assert 1_000_000 < memory(engine, name) < 256 * 1024**2


def test_a_program_says_what_it_says_and_one_that_fails_is_an_error(running: tuple[Engine, str]) -> None:
    engine, name = running
    assert engine.execute(name, [PYTHON, "-c", "print('größer 记忆')"]) == "größer 记忆\n"
    with pytest.raises(EngineError, match=f"{PYTHON} in {name} ended with 3: no 记忆"):
        engine.execute(name, [PYTHON, "-c", "print('first\\nno 记忆'); raise SystemExit(3)"])
    with pytest.raises(EngineError):
        engine.execute(name, ["/nowhere/program"])


def test_what_does_not_run_has_neither_memory_nor_programs(stand: Stand) -> None:
    with pytest.raises(EngineError):
        memory(stand.engine, f"{stand.name}-none")
    with pytest.raises(EngineError):
        stand.engine.execute(f"{stand.name}-none", ["true"])
    container = stand.engine.start(stand.spec(stand.broken))
    with pytest.raises(NeverReadyError):
        wait_until_ready(stand.engine, container, Contract(port=8000), within=60)
    with pytest.raises(EngineError):
        memory(stand.engine, container.name)
    with pytest.raises(EngineError):
        stand.engine.execute(container.name, ["true"])


def test_memory_grows_when_a_process_takes_some(running: tuple[Engine, str]) -> None:
    engine, name = running
    before = memory(engine, name)
    # The program holds its memory until it is asked to end: nothing here depends on how long it takes.
    wait = "import pathlib, time\nuntil = time.monotonic() + 60\n"
    wait += "while not pathlib.Path('/tmp/{}').exists() and time.monotonic() < until: time.sleep(0.01)\n"
    program = "import pathlib\nheld = b'x' * 60_000_000\npathlib.Path('/tmp/held').touch()\n"
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(engine.execute, name, [PYTHON, "-c", program + wait.format("end")])
        try:
            engine.execute(name, [PYTHON, "-c", wait.format("held")])
            assert memory(engine, name) - before > 55_000_000
        finally:
            engine.execute(name, [PYTHON, "-c", "import pathlib; pathlib.Path('/tmp/end').touch()"])
        holder.result(timeout=60)
