"""Operators and the release tool learn whether the service is alive, ready, and what it is."""

import os
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from translator.app import WithAssets, create_app
from translator.container import CpuMeter
from translator.engines.protocol import Engine
from translator.loading import make_translator
from translator.parts import Parts
from translator.release import UNKNOWN


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/version", "/"])
def test_every_answer_names_the_release(path: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["X-Release"] == UNKNOWN.tag


@pytest.mark.parametrize(
    "path", ["/livez", "/", "/docs", "/assets/page.js", "/metrics", "/translate", "/nowhere"]
)
def test_no_answer_gives_a_browser_anything_to_guess_or_to_load(path: str, client: FlaskClient) -> None:
    with client.get(path) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert {"script-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= {
        *policy
    }
    assert "unsafe" not in " ".join(policy)


def test_a_starting_service_is_alive_and_not_ready(parts: Parts) -> None:
    client = create_app(parts).test_client()
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 503


def test_a_draining_service_is_not_ready_but_answers(parts: Parts, engine: Engine) -> None:
    parts.lifecycle.become_ready(make_translator(engine, parts))
    parts.lifecycle.drain()
    client = create_app(parts).test_client()
    response = client.get("/readyz")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.get_json()["error"] == "The service is draining."
    assert client.post("/translate", json={"text": "你好。"}).status_code == 200


def test_health_says_how_the_process_is_doing(client: FlaskClient) -> None:
    health = client.get("/healthz").get_json()
    assert health["status"] == "healthy"
    assert health["versions"].keys() >= {"translator", "model", "python", "ctranslate2"}
    assert health["uptime"] >= 0
    assert 0 < health["memory_percent"] < 100
    assert health["cpu_percent"] >= 0


def test_cpu_use_is_measured_between_two_readings() -> None:
    meter = CpuMeter()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert 0 < meter.percent() <= 110 * len(os.sched_getaffinity(0))


def test_version_lists_what_can_be_imported(client: FlaskClient) -> None:
    version = client.get("/version").get_json()
    assert version["tag"] == "v0.0.0-unknown"
    assert version["model"].keys() == {"name", "revision", "sha256", "license"}
    assert version["dependencies"].keys() >= {"ctranslate2", "flask", "sentencepiece", "uvicorn"}
    assert all(name == name.lower() and "_" not in name for name in version["dependencies"])


def test_the_page_needs_nothing_from_outside(client: FlaskClient) -> None:
    page = client.get("/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text
    assert 'data-limit="5000"' in page.text


@pytest.mark.parametrize("asset", ["page.css", "page.js", "icon.svg"])
def test_the_page_finds_its_files(asset: str, client: FlaskClient) -> None:
    with client.get(f"/assets/{asset}") as response:
        assert response.status_code == 200


def test_a_file_of_another_content_has_another_etag_whatever_its_time_and_size(tmp_path: Path) -> None:
    app = WithAssets(__name__, static_folder=str(tmp_path), static_url_path="/assets")
    asset = tmp_path / "page.css"
    tags = []
    for content in ("a{color:#fff}", "a{color:#eee}"):
        asset.write_text(content)
        os.utime(asset, (0, 0))
        with app.test_client().get("/assets/page.css") as found:
            assert found.get_data(as_text=True) == content
            assert "Last-Modified" not in found.headers
            tags.append(found.headers["ETag"])
    assert tags[0] != tags[1]
    for tag, status in zip(tags, (200, 304), strict=True):
        with app.test_client().get("/assets/page.css", headers={"If-None-Match": tag}) as found:
            assert found.status_code == status
    assert app.test_client().get("/assets/none.css").status_code == 404
    assert app.test_client().get("/assets/../secret").status_code == 404
