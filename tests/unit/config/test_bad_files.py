"""Wrong configuration: every error names file, line and key, and what would be right."""

from pathlib import Path

import pytest

from relctl.config.document import read
from relctl.config.environment import Environment, override
from relctl.config.project import load
from relctl.config.validate import validate
from relctl.config.versions import Versions
from relctl.errors import ConfigError, UsageError

GOOD = f"""service: translator
version: "1.0.0"
image: translator
base: {{bootstrap: bookworm}}
requirements: service/requirements.lock
code: [service/translator]
model:
  path: models/tiny
  name: tiny
  revision: "2026.10"
  sha256: "{"a" * 64}"
  license: CC-BY-2.0
command: [gunicorn]
contract: {{port: 8000}}
"""


def versions(folder: Path, text: str) -> Versions:
    path = folder / "versions.yaml"
    path.write_text(text)
    return validate(read(path), Versions)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    found = versions(tmp_path, GOOD)
    assert (found.version, found.retain, found.contract.ready) == ("1.0.0", 3, "/readyz")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image: translator", "\timage: translator", "versions.yaml:3: a tab; YAML wants spaces"),
        ("image:", "service:", "versions.yaml:3: service: duplicate key; first used at line 1"),
        (
            "  name: tiny",
            "  path: x",
            "versions.yaml:9: model.path: duplicate key; first used at line 8",
        ),
        ("image:", "imgae:", "versions.yaml:3: imgae: unknown key; did you mean image?"),
        ("  license:", "  licence:", "versions.yaml:12: model.licence: unknown key; did you mean license?"),
        (
            '"1.0.0"',
            "1.10",
            'versions.yaml:2: version: 1.10 is read as the number 1.1; write it in quotes: "1.10"',
        ),
        (
            '"2026.10"',
            "2026.10",
            'model.revision: 2026.10 is read as the number 2026.1; write it in quotes: "2026.10"',
        ),
        ('"1.0.0"', '"1.0"', 'version: a SemVer version like "1.2.0"'),
        ("image: translator\n", "", "versions.yaml:1: image: this key is missing"),
        ("  name: tiny\n", "", "versions.yaml:7: model.name: this key is missing"),
        ("image: translator", "image: Translator", "image: a name of lower-case letters"),
        ("path: models/tiny", "path: /models", "model.path: a path inside the project"),
        ("path: models/tiny", "path: ../models", "model.path: a path inside the project"),
        (
            "{port: 8000}",
            "{port: 8000, idempotent: again}",
            "versions.yaml:14: contract.idempotent: true, false or replay (found 'again')",
        ),
        ("{port: 8000}", "{port: 8000, idempotent: 1}", "contract.idempotent: true, false or replay"),
        ("{port: 8000}", "{port: 8000, keep_alive: 5}", "contract.keep_alive: a duration needs its unit"),
        ("{port: 8000}", "{port: eight}", "contract.port: input should be a valid integer"),
        (
            "{port: 8000}",
            "{port: 0}",
            "versions.yaml:14: contract.port: input should be greater than or equal to 1",
        ),
        ("{bootstrap: bookworm}", "{image: 'debian:12'}", "base: an image must be pinned by its digest"),
        ("{bootstrap: bookworm}", "{}", "base: give either bootstrap: bookworm, or image: name@sha256:"),
        ("[gunicorn]", "[]", "command: must not be empty"),
        (
            "[gunicorn]",
            "['${PROGRAM}']",
            "versions.yaml:13: command[0]: variables are allowed in environments only",
        ),
        ("[gunicorn]", "[gunicorn", "versions.yaml:14: not YAML"),
        ("[gunicorn]", "&all [*all]", "versions.yaml: nested without end; an alias contains itself"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as raised:
        versions(tmp_path, GOOD.replace(old, new, 1))
    assert message in raised.value.message
    assert str(tmp_path) in raised.value.message
    assert raised.value.exit_code == 2


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        versions(tmp_path, GOOD.replace("image:", "imgae:").replace('"1.0.0"', "1.0"))
    assert len(raised.value.message.splitlines()) == 3


def test_a_variable_takes_its_default_or_its_value_and_a_number_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("resources: {cpus: '${CPUS:2}', pids: '${PIDS:99}'}\ndocker_host: ${DOCKER_HOST:}\n")
    found = validate(read(path, {"PIDS": "77"}), Environment)
    assert (found.resources.cpus, found.resources.pids, found.docker_host) == (2.0, 77, "")


def test_an_environment_variable_overrides_a_key_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("proxy: {listen: '127.0.0.1:8080'}\n")
    variables = {
        "RELCTL_PROXY_LISTEN": "127.0.0.1:9",
        "RELCTL_RESOURCES_MEMORY": "2g",
        "RELCTL_STATE_DIR": "/x",
    }
    found = validate(override(read(path, {}), variables), Environment)
    assert (found.proxy.listen, found.resources.memory, found.state_dir) == (
        ("127.0.0.1:9",),
        2 * 1024**3,
        Path("/x"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network: {subnet: 10.0.0.0/30}", "network.subnet: a subnet of at least 16 addresses"),
        ("network: {subnet: 10.0.0.1/24}", "network.subnet: a subnet looks like"),
        ("proxy: {listen: nowhere}", "proxy.listen: an address looks like 127.0.0.1:8080"),
        ("proxy: {listen: []}", "proxy.listen: at least one address, like 127.0.0.1:8080"),
        (
            "proxy: {listen: ['127.0.0.1:1', '::1:1']}",
            "proxy.listen: an address looks like 127.0.0.1:8080 or [::1]:8080, not '::1:1'",
        ),
        ("proxy: {listen: '127.0.0.1:1, 127.0.0.1:01'}", "proxy.listen: each address once"),
        ("proxy: {listen: '999.0.0.1:1'}", "proxy.listen: an address looks like 127.0.0.1:8080"),
        ("proxy: {listen: '[1::2::3]:1'}", "proxy.listen: an address looks like 127.0.0.1:8080"),
        ("proxy: {trusted: [10.0.0.1/8]}", "proxy.trusted: an address or a network, like 10.0.0.1"),
        ("proxy: {private: front}", "proxy.private: an address or a network, like 10.0.0.1"),
        (
            "proxy: {private_paths: [metrics]}",
            "proxy.private_paths: a path of a URL, like /metrics, not 'metrics'",
        ),
        ("proxy: {read_timeout: 0s}", "proxy.read_timeout: input should be greater than 0"),
        ("proxy: {body_limit: 0}", "proxy.body_limit: input should be greater than 0"),
        ("proxy: {connections: -1}", "proxy.connections: input should be greater than or equal to 0"),
        ("proxy: {mode: system}", "proxy: mode: system needs include"),
        ("rollout: {ready_within: 60}", "rollout.ready_within: a duration needs its unit"),
        (
            "rollout: {observe: 30m, canary: [25, 5]}",
            "rollout.canary: each step must be larger than the previous one",
        ),
        ("rollout: {observe: 30m, canary: [5, 100]}", "rollout.canary"),
        ("rollout: {observe: 30m, canary: [0]}", "rollout.canary"),
        ("rollout: {canary: [5]}", "rollout: canary needs observe"),
        ("rollout: {sticky: session}", "rollout.sticky: cookie:NAME or header:NAME"),
        ("rollout: {sticky: 'cookie:a-b'}", "rollout.sticky: cookie:NAME or header:NAME"),
        ("rollout: {max_error_rate: 2}", "rollout.max_error_rate"),
        ("rollout: {max_p95_ratio: 0.9}", "rollout.max_p95_ratio"),
        ("rollout: {max_p95_ratio: .nan}", "rollout.max_p95_ratio"),
        ("rollout: {too_few: guess}", "rollout.too_few"),
        ("resources: {memory: lots}", "resources.memory: a size looks like 512m or 1g"),
        ("engine: podman", "engine: input should be 'docker'"),
    ],
)
def test_a_wrong_environment_is_named_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "local.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError) as raised:
        validate(read(path, {}), Environment)
    assert f"{path}:1: {message}" in raised.value.message


def test_an_environment_variable_that_is_wrong_is_an_error_too(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("proxy: {listen: '127.0.0.1:8080'}\n")
    with pytest.raises(ConfigError, match="RELCTL_NETWORK_SUBNET: a subnet looks like"):
        validate(override(read(path, {}), {"RELCTL_NETWORK_SUBNET": "all"}), Environment)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("RELCTL_RESOURCES_PIDS", "[1"),
        ("RELCTL_RESOURCES_CPUS", "2026-13-45"),
        ("RELCTL_RESOURCES_CPUS", ".inf"),
    ],
)
def test_an_environment_variable_that_cannot_be_read_is_named(
    tmp_path: Path, variable: str, text: str
) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("engine: docker\n")
    with pytest.raises(ConfigError, match=variable):
        validate(override(read(path, {}), {variable: text}), Environment)


@pytest.mark.parametrize("folder", ["/tmp/x #y", "/tmp/[abc", "/tmp/*x", "2026", "/tmp/a b"])
def test_a_path_in_a_variable_is_taken_literally(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("engine: docker\n")
    variables = {"RELCTL_STATE_DIR": folder, "RELCTL_PROXY_LISTEN": "[::1]:8099"}
    found = validate(override(read(path, {}), variables), Environment)
    assert (found.state_dir, found.proxy.listen) == (Path(folder), ("[::1]:8099",))


@pytest.mark.parametrize("name", ["../environments/local", "My Env", "", "-x"])
def test_a_name_that_no_environment_can_have_is_refused(tmp_path: Path, name: str) -> None:
    versions(tmp_path, GOOD)
    with pytest.raises(ConfigError, match="is not an environment name"):
        load(tmp_path, name, {})


def test_an_unknown_environment_names_the_known_ones(tmp_path: Path) -> None:
    versions(tmp_path, GOOD)
    folder = tmp_path / "deploy" / "environments"
    folder.mkdir(parents=True)
    (folder / "local.yaml").write_text("engine: docker\n")
    with pytest.raises(ConfigError, match="there is no environment 'prod'") as raised:
        load(tmp_path, "prod", {})
    assert "known: local" in raised.value.hint


def test_a_folder_without_versions_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no versions\.yaml"):
        load(tmp_path, "local", {})
