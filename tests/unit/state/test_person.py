"""Who is at work is what the kernel knows; variables that anybody may set say nothing else."""

import os
import pwd
import socket

import pytest

from relctl.state.ownership import who

ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = next(each.pw_name for each in pwd.getpwall() if each.pw_name != ME)


@pytest.fixture(autouse=True)
def no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.mark.parametrize("variable", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_a_variable_is_not_believed(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "mallory")
    assert who() == f"{ME}@{socket.gethostname()}"


def test_who_came_by_sudo_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", OTHER)
    assert who() == f"{ME}@{socket.gethostname()} (sudo by {OTHER})"


@pytest.mark.parametrize("name", ["", ME, "no such user", "\x1b[31mroot", f"{OTHER}\n"])
def test_only_another_user_of_this_machine_counts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SUDO_USER", name)
    assert who() == f"{ME}@{socket.gethostname()}"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_123_456)
    assert who() == f"4123456@{socket.gethostname()}"
