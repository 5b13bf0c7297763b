"""What was written survives a power cut, whole: every file that a host remembers something by."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from power_cut import Disk
from relctl.build.cache import Cache
from relctl.config.environment import Proxy as Settings
from relctl.proxy.config_file import Applied, Include, put_back
from relctl.proxy.pointer import Pointer
from relctl.report.page import write
from relctl.state.event import Event
from relctl.state.evidence import Evidence, EvidenceStore, GateResult
from relctl.state.files import replace_text
from relctl.state.ledger import Ledger
from relctl.state.lock import exclusive
from relctl.state.paths import Paths

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVIDENCE = Evidence(
    image_id="sha256:1",
    tag="v1.0.0-abc12de",
    pipeline="sha256:2",
    verdict="pass",
    gates=[GateResult(name="x", verdict="pass", figures={}, reason="", seconds=0)],
    started=NOW,
    ended=NOW,
    relctl="0",
)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def layer_note(folder: Path, content: str) -> Path:
    def fill(out: object) -> dict[str, str]:
        out.write(content.encode())  # type: ignore[attr-defined]
        return {"content": content}

    Cache(folder).layer("base", content, fill)
    return folder / "layers" / "base" / f"{content}.json"


def include(folder: Path, content: str) -> Path:
    settings = Settings(test=("true",), reload=("true",))
    Include(folder / "svc.conf", folder, settings).replace(content)
    return folder / "svc.conf"


def evidence(folder: Path, content: str) -> Path:
    return EvidenceStore(folder).save(EVIDENCE.model_copy(update={"tag": content}))


def report(folder: Path, content: str) -> Path:
    write(EVIDENCE.model_copy(update={"tag": content}), folder / "report.html")
    return folder / "report.html"


def configuration(folder: Path, content: str) -> Path:
    put_back(folder / "nginx.conf", content)
    return folder / "nginx.conf"


def applied(folder: Path, content: str) -> Path:
    Applied(folder).record(content)
    return folder / "applied.sha256"


def ledger(folder: Path, content: str) -> Path:
    Ledger(folder / "ledger.jsonl").append(Event("pinned", tag=content))
    return folder / "ledger.jsonl"


def lock(folder: Path, content: str) -> Path:
    replace_text(folder / "requirements.lock", content)
    return folder / "requirements.lock"


WRITERS = (layer_note, include, evidence, report, configuration, applied, ledger, lock)


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_a_file_that_was_written_is_there_and_whole_after_a_power_cut(
    tmp_path: Path, disk: Disk, write: Callable[[Path, str], Path]
) -> None:
    for content in ("first", "second"):
        path = write(tmp_path, content)
        assert disk.left(path) == path.read_text()
    assert [name for name in disk.torn if not name.endswith(".tar")] == []


def test_the_include_before_is_safe_while_another_one_is_tried(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = include(tmp_path, "first"), list[str | None]()
    kept = tmp_path / "kept" / "include.before"
    monkeypatch.setattr("relctl.proxy.config_file.run", lambda *_: seen.append(disk.left(kept)))
    Include(path, kept.parent, Settings()).replace("second")
    assert seen == ["first", "first"]


def test_who_holds_a_lock_is_never_half_written(tmp_path: Path, disk: Disk) -> None:
    with exclusive(tmp_path / "lock"):
        assert disk.left(tmp_path / "lock.owner.json") == (tmp_path / "lock.owner.json").read_text()
    assert disk.torn == []


@pytest.mark.parametrize("route", ["blue", "green-05"])
def test_after_a_power_cut_the_pointer_leads_where_it_was_moved_and_its_folder_is_there(
    tmp_path: Path, disk: Disk, route: str
) -> None:
    paths = Paths(tmp_path, "svc", "local")
    for each in ("none", route):
        Pointer(paths).move(each)
        assert disk.left(paths.pointer) == f"routes/{each}"
        assert disk.keeps_folder(paths.routes)
        assert disk.keeps_folder(paths.routes / each)


def test_each_event_of_a_ledger_is_safe_when_append_returns(tmp_path: Path, disk: Disk) -> None:
    book = Ledger(tmp_path / "home" / "ledger.jsonl")
    for number in range(1, 4):
        book.append(Event("pinned", tag=f"v{number}"))
        assert (disk.left(book.path) or "").count("\n") == number


def test_who_reads_a_file_while_it_is_replaced_reads_the_old_one_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_text(path, "old")
    with path.open() as reader:
        replace_text(path, "new and longer")
        assert reader.read() == "old"
    assert path.read_text() == "new and longer"
