"""Which tests `make check` runs for a change."""

import pytest

from changed import ROOT, held_by


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("deploy/relctl/state/ledger.py", ["tests/unit/state"]),
        ("deploy/relctl/rollout/undo.py", ["tests/unit/rollout"]),
        ("deploy/relctl/errors.py", ["tests/unit"]),
        ("deploy/relctl/probe/ready.py", ["tests/unit/probe"]),
        ("tests/memory_engine.py", ["tests/unit"]),
        ("pyproject.toml", ["tests/unit"]),
        ("nginx/service.conf.j2", ["tests/unit"]),
        ("service/translator/engines/marian.py", ["tests/unit/translator/test_translator_engines.py"]),
        ("service/translator/server.py", ["tests/unit/translator/test_translator_server.py"]),
        ("service/translator/parts.py", ["tests/unit/translator"]),
        ("tests/unit/state/test_lock.py", ["tests/unit/state/test_lock.py"]),
        ("tests/unit/translator/slow_engine.py", ["tests/unit/translator"]),
        ("docs/zensical.toml", ["tests/unit/test_site.py"]),
        ("examples/hello/versions.yaml", ["tests/unit/test_examples.py"]),
        ("docs/how-to/runbook.md", ["tests/unit/test_site.py"]),
        ("README.md", ["tests/unit/test_readmes.py"]),
        ("LICENSE", []),
    ],
)
def test_a_changed_file_is_held_by_the_tests_of_its_room(name: str, tests: list[str]) -> None:
    assert sorted(str(path.relative_to(ROOT)) for path in held_by(name)) == tests
