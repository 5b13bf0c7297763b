"""Bad input through the command line, beside live traffic: one clear error each, and traffic untouched."""

import contextlib
import json
import socket
from collections.abc import Iterator

import pytest
import requests

from client_load import Load, failed
from lock_holder import holding
from scratch import Scratch, another_environment, echo_project

pytestmark = pytest.mark.engine


class Live:
    """A project with two releases, the newer one live under light load."""

    def __init__(self, project: Scratch) -> None:
        self.project = project
        self.first, self.tag = project.proved("1.0.0"), project.proved("2.0.0")
        project.ok("promote", self.first)
        project.ok("promote", self.tag)

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Insist that every request while the block runs is answered by the live release."""
        load = Load(self.project.listen, "/translate", {"text": "x"}, connections=2, pause=0.005).start()
        try:
            load.wait_for(5, within=60)
            yield
            load.wait_for(5, within=60)
        finally:  # else it asks on, in the process of all later tests
            samples = load.stop()
        assert failed(samples) == []
        assert {sample.release for sample in samples} == {self.tag}


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with echo_project() as project:
        yield Live(project)


@contextlib.contextmanager
def edited(project: Scratch, name: str, old: str, new: str) -> Iterator[None]:
    """Change a file for the time of the block."""
    path = project.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


@pytest.mark.parametrize("verb", ["promote", "rollback", "verify"])
def test_an_unknown_tag(live: Live, verb: str) -> None:
    with live.untouched():
        words = live.project.refused(2, verb, "v9.9.9-abc12de")
    assert "v9.9.9-abc12de" in words
    assert "relctl releases" in words


@pytest.mark.parametrize("verb", ["promote", "rollback", "verify"])
def test_a_tag_that_is_none(live: Live, verb: str) -> None:
    with live.untouched():
        assert "'newest' is not a release tag" in live.project.refused(2, verb, "newest")


def test_a_tag_of_another_service(live: Live) -> None:
    import docker

    repository = f"relctl-test-{live.project.service}"
    with echo_project() as other:
        tag = other.build("5.0.0")
        client = docker.from_env()
        client.images.get(f"relctl-test-{other.service}:{tag}").tag(repository, tag)
        try:
            with live.untouched():
                assert f"{repository}:{tag} belongs to service 'echo-" in live.project.refused(
                    2, "promote", tag
                )
                live.project.refused(2, "verify", tag)
        finally:
            client.images.remove(f"{repository}:{tag}")
            client.close()


def test_an_image_that_was_never_verified(live: Live) -> None:
    tag = live.project.build("3.0.0")
    with live.untouched():
        words = live.project.refused(3, "promote", tag)
    assert f"{tag} was never verified" in words
    assert f"next: relctl verify {tag}" in words


def test_an_image_that_fails_a_gate(live: Live) -> None:
    tag = live.project.build("3.1.0", translation="wrong")
    with live.untouched():
        words = live.project.refused(3, "verify", tag)
        assert "gate smoke: fail: a text comes back: translation: 'wrong' does not match '^hello$'" in words
        assert f"{tag} did not pass its verification; failed: smoke" in live.project.refused(
            3, "promote", tag
        )


def test_a_candidate_that_never_becomes_ready(live: Live) -> None:
    tag = live.project.build("3.2.0", exits=True)
    with live.untouched():
        words = live.project.refused(3, "verify", tag)
        live.project.refused(3, "promote", tag)
    assert "ended with exit code 1 before it was ready" in words
    assert "the model cannot be loaded: planted fault" in words
    assert "gate startup: fail: " in words
    assert "gate identity: not run: the candidate has ended with 1" in words


def test_an_image_removed_behind_relctls_back(live: Live) -> None:
    import docker

    tag = live.project.proved("3.3.0")
    client = docker.from_env()
    found = next(each["image_id"] for each in live.project.json("releases") if each["tag"] == tag)
    client.images.remove(found, force=True)
    client.close()
    with live.untouched():
        words = live.project.refused(2, "promote", tag)
    assert f":{tag} in the engine" in words
    assert "relctl build" in words


def test_a_port_in_use(live: Live) -> None:
    with (
        another_environment(live.project, "second") as other,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        words = other.refused(2, "promote", live.first, RELCTL_PROXY_LISTEN=taken)
        assert "Address already in use" in words
        assert "RELCTL_PROXY_LISTEN" in words
        assert other.json("status")["live"] is None


def test_a_missing_nginx(live: Live) -> None:
    with live.untouched():
        words = live.project.refused(2, "proxy", "check", RELCTL_PROXY_NGINX="/nowhere/nginx")
    assert "/nowhere/nginx is not installed" in words
    assert "make setup" in words


@pytest.mark.parametrize("arguments", [("proxy", "check"), ("proxy", "up"), ("promote", "TAG")])
def test_a_template_broken_by_hand(live: Live, arguments: tuple[str, ...]) -> None:
    words = [live.first if word == "TAG" else word for word in arguments]
    with live.untouched(), edited(live.project, "nginx/service.conf.j2", "keepalive 64;", "keepalive many;"):
        assert 'invalid value "many" in "keepalive"' in live.project.refused(2, *words)


def test_a_configuration_broken_by_hand_is_made_anew(live: Live) -> None:
    config = next(live.project.state.glob("*/nginx/nginx.conf"))
    config.write_text("broken by hand {")
    with live.untouched():
        assert live.project.json("status")["drift"] == [
            "Nginx's configuration is not what the templates say: relctl proxy up"
        ]
    assert live.project.json("proxy", "up")["change"] == "reloaded"
    with live.untouched():
        assert live.project.json("status")["drift"] == []


@pytest.mark.parametrize("arguments", [("releases",), ("promote", "v1.0.0-abc12de"), ("prune",), ("build",)])
def test_an_engine_that_does_not_run(live: Live, arguments: tuple[str, ...]) -> None:
    with live.untouched():
        words = live.project.refused(2, *arguments, RELCTL_DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "no Docker engine answers at unix:///nowhere/docker.sock" in words
    assert "make setup" in words


def test_what_status_cannot_see_without_an_engine(live: Live) -> None:
    with live.untouched():
        done = live.project.ok("status", RELCTL_DOCKER_HOST="unix:///nowhere/docker.sock")
    assert f"live     {live.tag}" in done.stdout
    assert (
        "it is unknown what runs, this is what was started: no Docker engine answers at unix" in done.stdout
    )


@pytest.mark.parametrize("arguments", [("promote", "TAG"), ("rollback",), ("build",)])
def test_a_state_directory_that_cannot_be_written(live: Live, arguments: tuple[str, ...]) -> None:
    words = [live.tag if word == "TAG" else word for word in arguments]
    with live.untouched():
        said = live.project.refused(2, *words, RELCTL_STATE_DIR="/proc/relctl")
    assert "/proc/relctl" in said
    assert "fix that and run the command again" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image:", "\timage:", "versions.yaml:3: a tab"),
        ("image:", "service:", "versions.yaml:3: service: duplicate key"),
        ("image:", "imgae:", "versions.yaml:3: imgae: unknown key; did you mean image?"),
        ("retain: 3", "retain: 3\nnothing: 1", "nothing: unknown key; known here: base, code, command"),
        (
            'version: "',
            "version: 1.10 # ",
            'version: 1.10 is read as the number 1.1; write it in quotes: "1.10"',
        ),
    ],
)
@pytest.mark.parametrize("verb", ["status", "build", "promote", "rollback"])
def test_a_wrong_versions_yaml(live: Live, verb: str, old: str, new: str, message: str) -> None:
    arguments = [verb, live.tag] if verb == "promote" else [verb]
    with live.untouched(), edited(live.project, "versions.yaml", old, new):
        assert message in live.project.refused(2, *arguments)


def test_a_second_relctl(live: Live) -> None:
    path = next(live.project.state.glob("*/ledger.jsonl")).with_name("lock")
    with holding(path) as holder, live.untouched():
        for arguments in (("promote", live.first), ("rollback",), ("proxy", "up"), ("down",)):
            words = live.project.refused(4, *arguments)
            assert f"(pid {holder.pid}) runs" in words


def test_an_unknown_environment(live: Live) -> None:
    with live.untouched():
        assert "there is no environment 'moon'" in live.project.refused(2, "--env", "moon", "status")


def test_evidence_that_was_damaged(live: Live) -> None:
    image = next(each["image_id"] for each in live.project.json("releases") if each["tag"] == live.first)
    [path] = (live.project.state / "evidence").glob(f"{image.removeprefix('sha256:')}-*.json")
    text = path.read_text()
    path.write_text(text[:-40])
    try:
        with live.untouched():
            words = live.project.refused(2, "promote", live.first)
        assert f"{path}: not evidence that this relctl can read" in words
    finally:
        path.write_text(text)


def test_a_damaged_ledger(live: Live) -> None:
    path = next(live.project.state.glob("*/ledger.jsonl"))
    text = path.read_text()
    path.write_text("not an event\n" + text)
    try:
        with live.untouched():
            for arguments in (("promote", live.first), ("prune",)):  # going back: test_damaged_ledger.py
                words = live.project.refused(2, *arguments)
                assert f"{path}:1: not a ledger event" in words
                assert f"sed -n 1p {path}" in words
            for verb in ("history", "releases"):
                shown = live.project.ok(verb, "--json")
                assert live.tag in shown.stdout
                assert f"{path}:1: not a ledger event" in shown.stderr
            found = live.project.json("status")
            assert found["live"]["tag"] == live.tag
            assert found["drift"][0].startswith(f"{path}:1: not a ledger event")
    finally:
        path.write_text(text)


def test_a_subnet_of_someone_else(live: Live) -> None:
    with echo_project() as other:
        tag = other.build("1.0.0")
        subnet = live.project.environ["RELCTL_NETWORK_SUBNET"]
        words = other.refused(2, "verify", tag, RELCTL_NETWORK_SUBNET=subnet)
    assert f"subnet {subnet} is taken by another network" in words
    assert "RELCTL_NETWORK_SUBNET" in words


def test_errors_with_debug_show_where_they_come_from(live: Live) -> None:
    done = live.project.run("promote", "newest", "--debug")
    assert "Traceback" in done.stderr


def test_results_stay_json_while_words_go_to_standard_error(live: Live) -> None:
    done = live.project.ok("status", "--json")
    assert json.loads(done.stdout)["live"]["tag"] == live.tag
    assert requests.get(f"http://{live.project.listen}/readyz", timeout=5).status_code == 200
