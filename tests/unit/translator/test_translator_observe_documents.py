"""observability.md and deploy/monitoring name what there is: metrics, labels, fields, alerts, slots."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric

from relctl.engine.slots import SLOTS
from translator.observe.metrics import Metrics
from translator.release import UNKNOWN
from unit.translator.observed_service import logged, observed

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "service" / "docs" / "observability.md").read_text(encoding="utf-8")
MONITORING = ROOT / "deploy" / "monitoring"
# What Prometheus itself says of each target.
OF_PROMETHEUS = {"up"}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def used() -> list[Metric]:
    """All metrics of a service that has answered a request."""
    metrics = Metrics(UNKNOWN, "ctranslate2")
    metrics.request("/translate", "POST", 200, 0.1)
    return list(metrics.registry.collect())


def full_name(metric: Metric) -> str:
    """As it is exported: the library keeps `_total` and `_info` out of the name."""
    return metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")


def series() -> set[str]:
    return {sample.name for metric in used() for sample in metric.samples}


def rules() -> list[dict[str, Any]]:
    return [rule for group in read(MONITORING / "alerts.yml")["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    return [*re.findall(r"```promql\n(.*?)```", DOCUMENT, re.S), *(rule["expr"] for rule in rules())]


def table(heading: str) -> list[list[str]]:
    """The cells of the rows of the table that has this heading."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", DOCUMENT, re.M)
    assert found, f"there is no table of {heading}s"
    return [re.split(r"\s*\|\s*", row.strip("| ")) for row in found[1].splitlines()]


def test_the_table_of_metrics_is_what_the_service_exports() -> None:
    exported = {}
    for metric in used():
        if metric.name.startswith("translator_"):
            labels = {label for sample in metric.samples for label in sample.labels} - {"le"}
            exported[full_name(metric)] = ("gauge" if metric.type == "info" else metric.type, labels)
    documented = {
        name.strip("`"): (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in table("metric")
    }
    assert documented == exported


@pytest.mark.parametrize("expression", expressions())
def test_a_query_asks_for_series_that_there_are(expression: str) -> None:
    named = set(re.findall(r"\b(?:translator|process|python)_\w+|\bup\b", expression))
    assert named, "a query without a metric"
    assert named <= series() | OF_PROMETHEUS


@pytest.mark.parametrize("expression", expressions())
def test_a_query_selects_by_labels_that_there_are(expression: str) -> None:
    labels = {label for metric in used() for sample in metric.samples for label in sample.labels}
    of_targets = {"job", "slot", "instance"}
    selected = set(re.findall(r"[{,]\s*(\w+)\s*[=!]~?", expression))
    grouped = {
        name
        for names in re.findall(r"\b(?:by|on|group_left) \((.*?)\)", expression)
        for name in names.split(", ")
    }
    assert selected | grouped <= labels | of_targets


def test_every_alert_says_how_bad_it_is_and_is_documented() -> None:
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning"}
    assert all(rule["annotations"]["summary"].endswith(".") for rule in rules())
    assert [rule["alert"] for rule in rules()] == [row[0].strip("`") for row in table("alert")]


def test_the_scrape_config_finds_the_slots_and_the_alerts() -> None:
    config = read(MONITORING / "prometheus.yml")
    assert config["rule_files"] == ["alerts.yml"]
    (job,) = config["scrape_configs"]
    found = {each["labels"]["slot"]: each["targets"] for each in job["static_configs"]}
    subnet = read(ROOT / "deploy" / "environments" / "local.yaml")["network"]["subnet"]
    port = read(ROOT / "versions.yaml")["contract"]["port"]
    network = ipaddress.ip_network(subnet)
    assert found == {slot: [f"{network[2 + index]}:{port}"] for index, slot in enumerate(SLOTS)}
    jobs = {job for expression in expressions() for job in re.findall(r'job="(\w+)"', expression)}
    assert jobs == {job["job_name"]}


def test_the_table_of_fields_is_what_the_log_has() -> None:
    app, _ = observed()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with logged() as lines:
        app.test_client().post("/read", data="text", headers={"Authorization": "Name alice"})
        app.test_client().get("/fails")
        fields = {field for line in lines() for field in line}
    assert {row[0].strip("`") for row in table("field")} == fields


def test_the_default_settings_that_alerts_rest_on_are_the_default_settings() -> None:
    from translator.settings import Settings

    (queue,) = [rule for rule in rules() if rule["alert"] == "TranslatorQueueFills"]
    threshold = int(queue["expr"].split(">")[1])
    assert threshold == Settings.model_fields["queue_requests"].default * 3 / 4
