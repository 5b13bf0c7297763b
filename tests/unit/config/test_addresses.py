"""Addresses, networks and paths, one or several, as files and variables have them."""

from pathlib import Path

import pytest

from relctl.config.document import read
from relctl.config.environment import Environment, override
from relctl.config.validate import validate

BOTH = ("127.0.0.1:8080", "[::1]:8080")


def environment(folder: Path, text: str = "{}", **variables: str) -> Environment:
    path = folder / "local.yaml"
    path.write_text(text + "\n")
    return validate(override(read(path, {}), variables), Environment)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("127.0.0.1:8080", BOTH[:1]),
        ("'[::1]:8080'", BOTH[1:]),
        ("[127.0.0.1:8080, '[::1]:8080']", BOTH),
        ("'127.0.0.1:8080, [::1]:8080'", BOTH),
        ("['[0:0:0:0:0:0:0:1]:8080']", BOTH[1:]),
        ("localhost:8080", ("localhost:8080",)),
    ],
)
def test_a_file_has_one_address_or_several(tmp_path: Path, written: str, found: tuple[str, ...]) -> None:
    assert environment(tmp_path, f"proxy: {{listen: {written}}}").proxy.listen == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("127.0.0.1:8080", BOTH[:1]),
        ("[::1]:8080", BOTH[1:]),
        ("127.0.0.1:8080,[::1]:8080", BOTH),
        ("[127.0.0.1:8080, '[::1]:8080']", BOTH),
        ('["127.0.0.1:8080", "[::1]:8080"]', BOTH),
    ],
)
def test_so_has_a_variable(tmp_path: Path, value: str, found: tuple[str, ...]) -> None:
    assert environment(tmp_path, RELCTL_PROXY_LISTEN=value).proxy.listen == found


def test_networks_and_paths_of_a_variable(tmp_path: Path) -> None:
    proxy = environment(
        tmp_path,
        RELCTL_PROXY_TRUSTED="10.0.0.1, fd00::/8",
        RELCTL_PROXY_PRIVATE="",
        RELCTL_PROXY_PRIVATE_PATHS="[/a, /b]",
        RELCTL_PROXY_BODY_LIMIT="5MiB",
        RELCTL_PROXY_CONNECTIONS="0",
    ).proxy
    assert (proxy.trusted, proxy.private) == (("10.0.0.1/32", "fd00::/8"), ())
    assert (proxy.private_paths, proxy.body_limit, proxy.connections) == (("/a", "/b"), 5 * 1024**2, 0)


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("'[::]:80'", "[::1]:80"),
        ("'[0:0:0:0:0:0:0:0]:80'", "[::1]:80"),
        ("[10.0.0.1:80, 0.0.0.0:81]", "10.0.0.1:80"),
    ],
)
def test_relctl_asks_at_the_first_address(tmp_path: Path, listen: str, address: str) -> None:
    assert environment(tmp_path, f"proxy: {{listen: {listen}}}").proxy.address == address
