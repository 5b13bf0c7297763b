"""The smallest service of examples/, by the commands of the tutorial: released, updated, rolled back."""

from collections.abc import Iterator

import pytest
import requests

from scratch import Scratch, example_project, model_checksum

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def hello() -> Iterator[Scratch]:
    with example_project("hello") as scratch:
        yield scratch


def greeting(hello: Scratch) -> str:
    answer = requests.post(f"http://{hello.listen}/greet", json={"name": "Ada"}, timeout=5)
    found: str = answer.json()["greeting"]
    return found


def release(hello: Scratch, subject: str) -> str:
    """Type what the tutorial says for each release, and return the tag."""
    hello.git("add", ".")
    hello.git("commit", "-qm", subject)
    tag = hello.ok("build").stdout.strip()
    hello.ok("verify", tag)
    hello.ok("promote", tag)
    return tag


def test_the_smallest_service_is_released_updated_and_rolled_back(hello: Scratch) -> None:
    release(hello, "First release")
    assert greeting(hello) == "Hello, Ada!"
    (hello.root / "model" / "greeting.json").write_text('{"greeting": "Good morning, {name}!"}\n')
    hello.edit("versions.yaml", 'version: "1.0.0"', 'version: "1.1.0"')
    hello.edit("versions.yaml", r'sha256: "[^"]*"', f'sha256: "{model_checksum(hello.root / "model")}"')
    release(hello, "Greet in the morning")
    assert greeting(hello) == "Good morning, Ada!"
    hello.ok("rollback", "--reason", "wrong time of day")
    assert greeting(hello) == "Hello, Ada!"
