"""The README's first command on a Debian that has nothing of what it needs: what a newcomer sees."""

import pytest

from machines.fresh import machine, why_not

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


def test_make_demo_ends_well_on_a_fresh_machine() -> None:
    with machine("trixie") as made:
        said = made.ok("make demo")
        assert "failed: 0, answered by a stale release: 0" in said
        assert "  The service is up: http://127.0.0.1:8080\n" in said
        assert said.rstrip().endswith("make down                       stops everything")
        assert "Docker version" in made.ok("docker --version"), "hints name docker commands"
