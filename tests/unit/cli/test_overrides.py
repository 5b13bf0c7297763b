"""What variables changed in an environment is said in one line, without the values."""

import pytest

from relctl.cli.context import Settings
from relctl.cli.output import Speaker
from relctl.config.project import load
from scratch import ECHO


def told(capsys: pytest.CaptureFixture[str], **environ: str) -> str:
    """What is said of the echo service's environment under these variables."""
    Settings(ECHO, "local", Speaker(as_json=True, quiet=True)).tell_overrides(load(ECHO, "local", environ))
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_nothing_is_said_where_the_file_says_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, RELCTL_ENV="local", HOME="/root") == ""


def test_every_key_is_said_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    line = told(capsys, RELCTL_PIPELINE="pipelines/quick.yaml", RELCTL_PROXY_LISTEN="127.0.0.1:9")
    keys = "pipeline (RELCTL_PIPELINE), proxy.listen (RELCTL_PROXY_LISTEN)"
    assert line.endswith(f"  from variables, not from local.yaml: {keys}\n")


def test_a_value_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    hooks = '[{"on": [promoted], "webhook": "https://example.invalid/secret"}]'
    line = told(capsys, RELCTL_NOTIFY=hooks)
    assert "notify (RELCTL_NOTIFY)" in line
    assert "secret" not in line
