"""GET /openapi.json and GET /docs say what is true of this very application."""

import html
import re
import shlex
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient

from translator.access.keys import entry, make_key
from translator.release import UNKNOWN
from unit.translator.applications import make_client

KEY = make_key()


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").get_json()


def test_the_description_is_valid_and_names_the_release(document: Any) -> None:
    schemathesis.openapi.from_dict(document).validate()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == UNKNOWN.version


def test_every_route_is_described_and_nothing_else(client: FlaskClient, document: Any) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/assets/")
    }
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == routes


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [(path, *each) for path, methods in document["paths"].items() for each in methods.items()]


def examples(document: Any, part: Any) -> Any:
    """Those of the shape that a body or an answer has as JSON."""
    content = part.get("content", {}).get("application/json")
    name = content["schema"]["$ref"].rpartition("/")[2] if content else ""
    return document["components"]["schemas"].get(name, {}).get("examples", [])


def test_every_example_is_true(client: FlaskClient, document: Any) -> None:
    seen = 0
    for path, method, operation in operations(document):
        answers = examples(document, operation["responses"]["200"])
        asked = examples(document, operation.get("requestBody", {})) or [None] * len(answers)
        for request, answer in zip(asked, answers, strict=True):
            given: Any = client.open(path, method=method.upper(), json=request).get_json()
            if "release" in answer:  # an example's release is no one's
                answer["release"] = given["release"]
            assert given == answer, path
            seen += 1
    assert seen >= 9


def test_the_limits_are_those_of_the_settings() -> None:
    document: Any = make_client(max_characters=77, max_items=5).get("/openapi.json").get_json()
    schemas = document["components"]["schemas"]
    assert schemas["Translate"]["properties"]["text"]["maxLength"] == 77
    text, texts = schemas["LibreTranslate"]["properties"]["q"]["anyOf"]
    assert (text["maxLength"], texts["maxItems"], texts["items"]["maxLength"]) == (77, 5, 77)
    assert (schemas["BatchItems"]["minItems"], schemas["BatchItems"]["maxItems"]) == (1, 5)


def test_without_credentials_none_are_described(document: Any) -> None:
    assert not document["components"]["securitySchemes"]
    assert not any("security" in each for path in document["paths"].values() for each in path.values())


@pytest.mark.parametrize("open_status", [True, False])
def test_what_needs_credentials_is_described_so(open_status: bool) -> None:
    client = make_client(api_keys=entry("tester", KEY), open_status=open_status)
    document: Any = client.get("/openapi.json").get_json()
    assert document["components"]["securitySchemes"].keys() == {"bearer", "key"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            status = client.open(path, method=method.upper()).status_code
            refused = {str(status)} & {"401", "403"}
            assert refused == {"401", "403"} & operation["responses"].keys(), path
            assert bool(refused) == ("security" in operation), path


@pytest.mark.parametrize(
    ("charset", "body", "status"),
    [("gbk", b"type=target", 415), ("utf-8", b"type=\xff", 400), ("utf-8", b"type=source&" * 2000, 413)],
)
def test_the_form_of_a_get_is_refused_only_as_described(
    charset: str, body: bytes, status: int, client: FlaskClient, document: Any
) -> None:
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    response = client.get("/v2/languages", data=body, content_type=content_type)
    assert response.status_code == status
    assert str(status) in document["paths"]["/v2/languages"]["get"]["responses"]


def test_a_quota_is_described_where_it_counts() -> None:
    client = make_client(api_keys=entry("tester", KEY), rate_limit="60/minute")
    document: Any = client.get("/openapi.json").get_json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            headers = {"Authorization": f"Bearer {KEY}"}
            limited = "RateLimit" in client.open(path, method=method.upper(), headers=headers).headers
            assert limited == ("429" in operation["responses"]), path
            assert limited == ("RateLimit" in operation["responses"]["200"]["headers"]), path


def test_every_command_of_the_docs_page_works(client: FlaskClient, document: Any) -> None:
    page = html.unescape(client.get("/docs").text)
    commands = re.findall(r"<code>(curl [^<]*)</code>", page)
    assert len(commands) >= len(operations(document))
    for command in commands:
        _, address, *options = shlex.split(command.replace("\\\n", ""))
        path = address.removeprefix("http://localhost")
        if options:
            assert (options[0], options[2]) == ("-H", "-d")
            name, _, value = options[1].partition(": ")
            response = client.post(path, data=options[3].encode(), headers={name: value})
        else:
            response = client.get(path)
        assert response.status_code == 200, command


def test_the_docs_page_has_every_operation_and_shape_and_nothing_from_elsewhere(
    client: FlaskClient, document: Any
) -> None:
    page = client.get("/docs").text
    anchors = re.findall(r'id="([\w.]+)"', page)
    named = [operation["operationId"] for *_, operation in operations(document)]
    assert sorted(anchors) == sorted([*named, *document["components"]["schemas"]])
    assert "<script" not in page
    assert "style=" not in page
    assert all(link.startswith(("/", "#")) for link in re.findall(r'(?:href|src)="([^"]*)"', page))


def test_the_docs_page_sends_the_key_where_one_is_needed() -> None:
    page = make_client(api_keys=entry("tester", KEY)).get("/docs").text
    assert "Authorization: Bearer $KEY" in page
    assert KEY not in page


@pytest.mark.parametrize("host", ["<script>", "a b", "'; id #", "example.org:1x", "\xff", "[::1"])
def test_a_strange_host_does_no_harm_to_the_docs_page(host: str, client: FlaskClient) -> None:
    response = client.get("/docs", environ_overrides={"HTTP_HOST": host})
    assert response.status_code in (200, 400)
    assert "<script" not in response.text


def test_a_route_is_called_as_it_is_written(client: FlaskClient) -> None:
    views = client.application.view_functions.values()
    assert [view.__name__ for view in views if hasattr(view, "__wrapped__")] == []
