"""What the configuration is made of: paths as one word, names that never collide."""

import pytest

from relctl.errors import ProxyError
from relctl.proxy.render import client_variable, prefix, quoted


@pytest.mark.parametrize("path", ["/srv/state", "/srv/my state; x", "/a{b}", "/it's", "/a#b", "/数据"])
def test_a_path_is_one_word(path: str) -> None:
    assert quoted(path) == f'"{path}"'


@pytest.mark.parametrize("found", ["$", '"', "\\", "\n", "\r", "\t", "\0"])
def test_a_path_that_nginx_has_no_word_for_is_refused(found: str) -> None:
    with pytest.raises(ProxyError, match="it holds") as raised:
        quoted(f"/srv/a{found}b")
    assert "RELCTL_STATE_DIR" in raised.value.hint
    assert "\n" not in raised.value.message


def test_names_that_differ_have_prefixes_that_differ() -> None:
    names = ["a-b", "a.b", "a_b", "a-b-c", "a", "long" * 20, "long" * 20 + "er"]
    pairs = [(service, environment) for service in names for environment in (*names, "A", "B", "b c", "é")]
    assert len({prefix(*pair) for pair in pairs}) == len(pairs)


def test_a_prefix_is_a_short_word_of_nginx() -> None:
    made = prefix("a-very.long_name-of-a-service-that-someone-chose", "Prod EU")
    assert len(f"{made}_pool") <= 46
    assert made.replace("_", "a").isalnum()
    assert made == made.lower()


@pytest.mark.parametrize(
    ("sticky", "variable"),
    [
        ("", ""),
        ("cookie:session", "$cookie_session"),
        ("header:X-Client-Id", "$http_x_client_id"),
    ],
)
def test_clients_are_told_apart_by_a_variable_of_nginx(sticky: str, variable: str) -> None:
    assert client_variable(sticky) == variable


def test_the_names_of_a_canary_fit_into_nginx() -> None:
    made = prefix("a-very.long_name-of-a-service-that-someone-chose", "Prod EU")
    assert max(len(f"{made}_{name}") for name in ("green_99", "client")) <= 46
