"""What Nginx is told, directive by directive: what a test against the real one would take minutes to show."""

import itertools
import json
import re
from pathlib import Path

import pytest

from hosts import Bench
from nginx_text import Block, parse
from relctl.proxy.pointer import USUAL_STEPS
from relctl.proxy.render import prefix, render
from scratch import ROOT

PREFIX = prefix("svc", "test")


@pytest.fixture
def stand(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def rendered(stand: Bench, user: str = "www-data") -> Block:
    return parse(render(stand.host.project, stand.host.paths, user))


def configured(stand: Bench, **proxy: object) -> Block:
    """What Nginx is told with another `proxy:` section."""
    environment = stand.host.project.environment
    changed = environment.proxy.model_copy(update=proxy)
    host = stand.with_project(environment=environment.model_copy(update={"proxy": changed}))
    return parse(render(host.project, host.paths, ""))


@pytest.fixture
def main(stand: Bench) -> Block:
    return rendered(stand)


@pytest.fixture
def http(main: Block) -> Block:
    return main.within("http")


@pytest.fixture
def server(http: Block) -> Block:
    return http.within("server")


@pytest.fixture
def location(server: Block) -> Block:
    return server.within("location", "/")


def test_the_master_and_its_workers(stand: Bench, main: Block) -> None:
    folder = stand.host.paths.proxy
    assert main.told() == {
        "user": ["www-data"],
        "worker_processes": ["auto"],
        "worker_rlimit_nofile": ["65536"],
        "worker_shutdown_timeout": ["120s"],
        "pid": [f"{folder}/nginx.pid"],
        "error_log": [f"{folder}/error.log error"],
    }
    assert main.within("events").told() == {"worker_connections": ["8192"]}
    assert "user" not in rendered(stand, user="").told()


def test_what_all_of_its_http_has_and_nothing_is_written_outside_its_folder(
    stand: Bench, http: Block
) -> None:
    temporary = {
        f"{name}_temp_path": [f"{stand.host.paths.proxy}/tmp/{folder}"]
        for name, folder in (
            ("client_body", "body"),
            ("proxy", "proxy"),
            ("fastcgi", "fastcgi"),
            ("uwsgi", "uwsgi"),
            ("scgi", "scgi"),
        )
    }
    [log_format] = http.all("log_format")
    assert log_format.startswith(f"{PREFIX} escape=json ")
    assert http.told() == temporary | {
        "default_type": ["application/octet-stream"],
        "server_tokens": ["off"],
        "sendfile": ["on"],
        "tcp_nodelay": ["on"],
        "keepalive_timeout": ["75s"],
        "variables_hash_max_size": ["2048"],
        "limit_conn_zone": [f"${PREFIX}_counted zone={PREFIX}_clients:10m"],
        "log_format": [log_format],
    }


@pytest.mark.parametrize(("wanted", "logged"), [(True, "$remote_addr"), (False, "")])
def test_the_access_log_has_the_address_of_a_client_unless_that_is_not_wanted(
    stand: Bench, wanted: bool, logged: str
) -> None:
    [found] = configured(stand, log_clients=wanted).within("http").all("log_format")
    assert f'"client":"{logged}"' in found


def test_each_slot_has_a_group_that_is_never_given_up_and_one_that_is_for_a_minute(
    stand: Bench, http: Block
) -> None:
    publish = stand.host.project.environment.network.publish
    assert publish is not None
    for slot, port in (("blue", publish.blue), ("green", publish.green)):
        assert http.within("upstream", f"{PREFIX}_{slot}").told() == {
            "server": [f"127.0.0.1:{port} max_fails=0"],
            "keepalive": ["64"],
            "keepalive_timeout": ["100ms"],
        }
        assert http.within("upstream", f"{PREFIX}_{slot}_again").told() == {
            "zone": [f"{PREFIX}_{slot}_again 64k"],
            "server": [f"127.0.0.1:{port} max_fails=1 fail_timeout=60s", "127.0.0.1:1 down"],
        }
    assert http.within("map", f"${PREFIX}_pool", f"${PREFIX}_twin").told() == {
        "blue": ["green"],
        "green": ["blue"],
    }


def test_what_was_not_sent_is_asked_elsewhere_and_what_was_is_not(http: Block) -> None:
    assert http.within("map", f"${PREFIX}_pool:$upstream_bytes_sent").told() == {
        "volatile": [""],
        "~^[a-z]+:0$": [f"@second${PREFIX}_open"],
        "~^blue:[0-9]+$": [f"@again${PREFIX}_open"],
        "~^green:[0-9]+$": [f"@again${PREFIX}_open"],
        "default": ["@problem_502"],
    }
    assert http.within("map", "$upstream_bytes_sent", f"${PREFIX}_on_504").told() == {
        "volatile": [""],
        "0": [f"@second${PREFIX}_open"],
        "default": ["@problem_504"],
    }


def test_each_canary_gives_its_part_to_one_slot_and_the_rest_to_the_other(http: Block) -> None:
    pool = http.within("map", "$realpath_root").told()
    for (slot, twin), percent in itertools.product((("blue", "green"), ("green", "blue")), USUAL_STEPS):
        name = f"${PREFIX}_{slot}_{percent}"
        split = http.within("split_clients", "$request_id", name)
        assert split.told() == {f"{percent}%": [slot], "*": [twin]}
        assert pool[f"~/routes/{slot}-{percent:02d}$"] == [name]
    assert (pool["~/routes/blue$"], pool["~/routes/green$"]) == (["blue"], ["green"])
    assert pool["default"] == ["unrouted"]


def test_clients_without_a_name_are_told_apart_by_request(stand: Bench) -> None:
    policy = stand.host.project.environment.rollout.model_copy(update={"sticky": "cookie:session"})
    environment = stand.host.project.environment.model_copy(update={"rollout": policy})
    host = stand.with_project(environment=environment)
    found = parse(render(host.project, host.paths, "")).within("http")
    assert found.within("map", "$cookie_session", f"${PREFIX}_client").told() == {
        "": ["$request_id"],
        "default": ["$cookie_session"],
    }
    found.within("split_clients", f"${PREFIX}_client", f"${PREFIX}_blue_5")


def test_what_a_request_may_be_and_where_its_answer_is_logged(stand: Bench, server: Block) -> None:
    told, paths = server.told(), stand.host.paths
    assert {name: said for name, said in told.items() if not name.startswith(("proxy_", "error_page"))} == {
        "listen": [stand.listen],
        "server_name": ["_"],
        "root": [str(paths.pointer)],
        "access_log": [f"{paths.access_log} {PREFIX}"],
        "error_log": [f"{paths.error_log} error"],
        "client_max_body_size": ["32m"],
        "client_body_buffer_size": ["128k"],
        "client_header_timeout": ["20s"],
        "client_body_timeout": ["20s"],
        "large_client_header_buffers": ["4 32k"],
        "underscores_in_headers": ["on"],
        "keepalive_requests": ["100000"],
        "limit_conn": [f"{PREFIX}_clients 256"],
        "limit_conn_status": ["429"],
        "limit_conn_log_level": ["warn"],
        "recursive_error_pages": ["on"],
    }


def test_how_a_request_reaches_the_service_and_how_long_it_is_waited_for(server: Block) -> None:
    told = {name: said for name, said in server.told().items() if name.startswith("proxy_")}
    headers = told.pop("proxy_set_header")
    assert [each for each in headers if not each.endswith(" ")] == [
        f"Connection ${PREFIX}_connect",
        f"Upgrade ${PREFIX}_upgrade",
        "Host $http_host",
        f"X-Request-ID ${PREFIX}_id",
        f"X-Forwarded-For ${PREFIX}_via",
        f"X-Forwarded-Proto ${PREFIX}_proto",
        f"X-Forwarded-Host ${PREFIX}_host",
        f"X-Forwarded-Port ${PREFIX}_port",
        f"X-Real-IP ${PREFIX}_real",
        f"Forwarded ${PREFIX}_fwd",
    ]
    assert len([each for each in headers if each.endswith(" ")]) == 6 * 3
    assert told == {
        "proxy_http_version": ["1.1"],
        "proxy_headers_hash_max_size": ["1024"],
        "proxy_headers_hash_bucket_size": ["128"],
        "proxy_buffering": ["off"],
        "proxy_buffer_size": ["40k"],
        "proxy_buffers": ["8 16k"],
        "proxy_busy_buffers_size": ["64k"],
        "proxy_connect_timeout": ["1500ms"],
        "proxy_read_timeout": ["75s"],
        "proxy_send_timeout": ["75s"],
        "proxy_next_upstream": ["off"],
        "proxy_intercept_errors": ["off"],
        "proxy_request_buffering": ["on"],
    }


def test_who_is_asked_first_second_and_again(server: Block) -> None:
    pool, twin = f"http://{PREFIX}_${PREFIX}_pool", f"http://{PREFIX}_${PREFIX}_twin"
    again = f"http://{PREFIX}_${{{PREFIX}_twin}}_again"
    assert server.within("location", "/").all("proxy_pass") == [pool]
    assert server.within("location", "@second").told() == {"proxy_pass": [twin]}
    assert server.within("location", "@again").told() == {"proxy_pass": [again]}
    for name in ("first", "second", "again"):
        found = server.within("location", f"@{name}_open")
        assert (found.one("proxy_buffering"), found.seconds("proxy_read_timeout")) == ("off", 3600)
        assert found.seconds("proxy_send_timeout") == 3600


def test_what_a_request_is_asked_before_it_goes_anywhere(stand: Bench, server: Block) -> None:
    asked = server.within("location", "/").blocks
    assert [(" ".join(each.words).replace(" )", ")"), each.one("return")) for each in asked] == [
        (f"if (${PREFIX}_pool = unrouted)", "503"),
        (f"if (${PREFIX}_hidden)", "403"),
        (f"if (${PREFIX}_open)", "418"),
        (f"if (-e {stand.host.paths.closing})", "419"),
    ]
    assert server.within("location", "@closing").one("keepalive_timeout") == "0"


PROBLEMS = {
    "@problem_403": (403, "forbidden"),
    "@problem_413": (413, "request too large"),
    "@problem_429": (429, "too many requests"),
    "@problem_500": (500, "proxy failed"),
    "@problem_502": (502, "no answer"),
    "@problem_503": (503, "no live release"),
    "@problem_504": (504, "timeout"),
    "/.relctl/problem/400": (400, "bad request"),
    "/.relctl/problem/405": (405, "method not allowed"),
    "/.relctl/problem/414": (414, "address too long"),
    "/.relctl/problem/494": (431, "headers too large"),
    "/.relctl/problem/501": (501, "not implemented"),
    "/.relctl/problem/505": (505, "version not supported"),
}


@pytest.mark.parametrize(("place", "said"), PROBLEMS.items())
def test_what_nginx_says_by_itself_is_a_problem_in_words(
    server: Block, place: str, said: tuple[int, str]
) -> None:
    exact = () if place.startswith("@") else ("=",)
    problem = server.within("location", *exact, place)
    later = ["Retry-After 5 always"] if said[0] in (429, 503) else []
    assert problem.all("add_header") == later
    assert problem.one("default_type") == "application/problem+json"
    code, _, body = problem.one("return").partition(" ")
    found = json.loads(body.removesuffix("\\n"))
    assert (int(code), found["status"], found["error"]) == (said[0], *said)
    assert set(found) == {"title", "status", "detail", "error"}


def test_whatever_nginx_answers_by_itself_has_its_words(server: Block) -> None:
    places = dict(each.replace("= ", "").split(" ") for each in server.all("error_page"))
    asked = {"418": "@first_open", "419": "@closing", "502": f"${PREFIX}_on_502", "504": f"${PREFIX}_on_504"}
    assert asked.items() <= places.items()
    assert {*places.values(), "@problem_502", "@problem_504"} == {*PROBLEMS, *asked.values()}


def test_someone_else_s_nginx_is_told_the_same_of_this_service(stand: Bench, server: Block) -> None:
    proxy = stand.host.project.environment.proxy.model_copy(
        update={"mode": "system", "include": stand.folder / "svc.conf"}
    )
    environment = stand.host.project.environment.model_copy(update={"proxy": proxy})
    host = stand.with_project(environment=environment)
    included = parse(render(host.project, host.paths, ""))
    assert included.within("server") == server
    assert included.told().keys() == {"log_format", "limit_conn_zone"}


def default_of(setting: str) -> float:
    """What the translator has a setting at."""
    text = (ROOT / "service" / "translator" / "settings.py").read_text()
    [found] = re.findall(rf"(?m)^    {setting}: \w+ = Field\(([\d_.]+)", text)
    return float(found)


@pytest.mark.parametrize(
    ("keep_alive", "idle"),
    [(75.0, ["1s"]), (5.0, ["1s"]), (2.0, ["1s"]), (1.0, ["500ms"]), (0.1, ["50ms"]), (0.09, []), (0.0, [])],
)
def test_nginx_closes_an_idle_connection_long_before_the_service_and_within_a_second(
    stand: Bench, keep_alive: float, idle: list[str]
) -> None:
    contract = stand.host.project.versions.contract.model_copy(update={"keep_alive": keep_alive})
    versions = stand.host.project.versions.model_copy(update={"contract": contract})
    host = stand.with_project(versions=versions)
    blue = parse(render(host.project, host.paths, "")).within("http").within("upstream", f"{PREFIX}_blue")
    assert blue.all("keepalive_timeout") == idle
    assert blue.all("keepalive") == (["64"] if idle else [])


@pytest.mark.parametrize("read", [1.0, 75.0, 76.0, 600.0])
def test_whoever_waits_for_nginx_to_end_waits_for_its_longest_answer(stand: Bench, read: float) -> None:
    found = configured(stand, read_timeout=read)
    assert found.within("http").within("server").seconds("proxy_read_timeout") == read
    assert max(120, read + 45) == found.seconds("worker_shutdown_timeout")


def test_the_times_that_nginx_waits_follow_from_each_other(main: Block, server: Block) -> None:
    connect, read = (server.seconds(f"proxy_{name}_timeout") for name in ("connect", "read"))
    ends = main.seconds("worker_shutdown_timeout")
    # A SYN that a full queue drops comes again after a second; both slots have their time to connect.
    assert 1 < connect < 2
    # A service answers by its deadline, also who was let in late; a worker that leaves lets it.
    assert 2 * default_of("deadline") < read < ends
    assert server.bytes("client_body_buffer_size") > 12 * default_of("max_characters")
    assert server.bytes("client_max_body_size") > 12 * default_of("max_total_characters")


@pytest.mark.parametrize(
    ("listen", "own"),
    [
        ("127.0.0.1:1", {"127.0.0.1/32"}),
        ("10.0.0.5:1", {"10.0.0.5/32"}),
        ("[fd00::1]:1", {"fd00::1/128"}),
        ("0.0.0.0:1", {"127.0.0.1/32"}),
        ("[::]:1", {"::1/128"}),
        ("localhost:1", {"127.0.0.1/32", "::1/128"}),
    ],
)
def test_relctl_s_own_questions_are_private_whatever_the_environment_says(
    stand: Bench, listen: str, own: set[str]
) -> None:
    near = configured(stand, listen=(listen,), private=()).within("http").within("geo", f"${PREFIX}_near")
    assert near.told().keys() == {"default", *own}


def test_a_key_of_the_environment_is_what_nginx_is_told(stand: Bench) -> None:
    found = configured(
        stand,
        listen=("127.0.0.1:1", "[::1]:2"),
        body_limit=5 * 1024,
        buffering=True,
        client_timeout=1.5,
        connections=0,
        trusted=("10.0.0.0/8",),
    )
    http, server = found.within("http"), found.within("http").within("server")
    assert server.all("listen") == ["127.0.0.1:1", "[::1]:2"]
    assert (server.bytes("client_max_body_size"), server.one("proxy_buffering")) == (5 * 1024, "on")
    assert server.one("client_header_timeout") == server.one("client_body_timeout") == "1500ms"
    assert (server.all("limit_conn"), http.all("limit_conn_zone")) == ([], [])
    assert server.all("set_real_ip_from") == ["10.0.0.0/8"]
    assert http.within("geo", "$realip_remote_addr").all("10.0.0.0/8") == ["1"]
    assert http.within("geo", f"${PREFIX}_near").told() == {
        "default": ["0"],
        "127.0.0.0/8": ["1"],
        "::1/128": ["1"],
        "127.0.0.1/32": ["1"],
    }
