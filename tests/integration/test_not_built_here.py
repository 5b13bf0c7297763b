"""An image that no build made of a commit is not proved, whatever its labels say; real engine and Nginx."""

import io
import json
import tarfile
from typing import Any

import pytest

from scratch import Scratch

pytestmark = pytest.mark.engine
NOWHERE = "deadbee" + "0" * 33


def forged(client: Any, project: Scratch, of: str, tag: str, revision: str) -> None:
    """Make an image by `docker commit`: labels and release.json of another one, but for tag and commit."""
    repository = f"relctl-test-{project.service}"
    labels = {"io.relctl.tag": tag, "org.opencontainers.image.revision": revision}
    said = [f'LABEL "{name}"="{value}"' for name, value in labels.items()]  # the others are inherited
    container = client.containers.create(f"{repository}:{of}")
    try:
        container.put_archive("/app", release_json(container, tag=tag, revision=revision))
        container.commit(repository, tag, changes="\n".join(said))
    finally:
        container.remove()


def release_json(container: Any, **changes: str) -> bytes:
    """A tar of what the service says about itself, with these changes."""
    read = b"".join(container.get_archive("/app/release.json")[0])
    with tarfile.open(fileobj=io.BytesIO(read)) as tar:
        said = json.load(tar.extractfile("release.json"))  # type: ignore[arg-type]
    text = json.dumps(said | changes).encode()
    written, header = io.BytesIO(), tarfile.TarInfo("release.json")
    header.size, header.mode = len(text), 0o644
    with tarfile.open(fileobj=written, mode="w") as tar:
        tar.addfile(header, io.BytesIO(text))
    return written.getvalue()


def test_an_image_of_docker_commit_is_neither_verified_nor_promoted_but_by_force(
    echo: Scratch, client: Any
) -> None:
    built = echo.build("1.0.0")
    commit, unknown = echo.git("rev-parse", "HEAD"), "v1.0.2-deadbee"
    known = f"v1.0.1-{commit[:7]}"
    for tag, revision in ((unknown, NOWHERE), (known, commit), (built, commit)):
        forged(client, echo, built, tag, revision)
    for tag in (unknown, known, built):
        for verb in ("verify", "promote"):
            said = echo.refused(3, verb, tag)
            assert f"{tag} was not built here: there is no build record of sha256:" in said
            assert f"git checkout {tag.rpartition('-')[2]}, then relctl build" in said
            assert f"{tag} was not built here" in echo.refused(3, verb, tag, "--dry-run")
    assert not list((echo.state / "evidence").glob("*"))
    echo.ok("promote", unknown, "--force", "--reason", "an exercise")
    (notice,) = echo.json("status")["notices"]
    assert f"{unknown} was promoted by force, by " in notice
    assert f" (though {unknown} was not built here: " in notice
    assert notice.endswith(": an exercise")


@pytest.mark.slow
def test_a_commit_that_is_gone_from_the_repository_proves_nothing_any_more(echo: Scratch) -> None:
    tag = echo.proved("1.0.0")
    echo.git("checkout", "-q", "--orphan", "another")
    echo.git("commit", "-qm", "Another history", "--allow-empty")
    echo.git("branch", "-D", "main")
    echo.git("reflog", "expire", "--expire=now", "--all")
    echo.git("gc", "-q", "--prune=now")
    for verb in ("verify", "promote"):
        assert f"{tag} was built of " in echo.refused(3, verb, tag)


@pytest.mark.slow
def test_a_lost_record_is_written_again_by_a_build_of_the_same_commit(echo: Scratch) -> None:
    tag = echo.proved("1.0.0")
    (record,) = (echo.state / "built").iterdir()
    record.unlink()
    ledger = echo.state / f"{echo.service}-local" / "ledger.jsonl"
    ledger.rename(ledger.with_suffix(".bad"))
    assert "was not built here" in echo.refused(3, "promote", tag)
    assert echo.json("build")["existed"]
    assert record.exists()
    echo.ok("verify", tag)  # what the lost ledger said of that is not known any more
    echo.ok("promote", tag)


@pytest.mark.slow
def test_going_back_asks_for_no_record(echo: Scratch) -> None:
    first, second = echo.proved("1.0.0"), echo.proved("2.0.0")
    for tag in (first, second):
        echo.ok("promote", tag)
    for record in (echo.state / "built").iterdir():
        record.unlink()
    (echo.root / ".git").rename(echo.root / "no-repository")
    assert echo.json("rollback")["tag"] == first
    assert echo.json("rollback", second)["tag"] == second
