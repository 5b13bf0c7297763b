"""The hooks of an environment: what is taken, and that a secret is in no message."""

from pathlib import Path

import pytest

from relctl.config.environment import Environment
from relctl.config.project import read_environment
from relctl.config.validate import validate
from relctl.errors import ConfigError

HOOK = "https://chat.example.com/services/s3cret"


def written(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "deploy" / "environments"
    folder.mkdir(parents=True)
    (folder / "local.yaml").write_text(text)
    return tmp_path


def loaded(root: Path, environ: dict[str, str]) -> Environment:
    return validate(read_environment(root, "local", environ), Environment)


def test_a_program_and_a_webhook_are_taken_and_the_webhook_is_shown_to_nobody(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        "notify:\n"
        "  - {on: [promoted, rolled-back], run: [tools/tell, --loud]}\n"
        '  - {on: [aborted], webhook: "${HOOK}", timeout: 3s}\n',
    )
    found = loaded(root, {"HOOK": HOOK})
    program, webhook = found.notify
    assert (program.on, program.run, program.timeout) == (
        ["promoted", "rolled-back"],
        ["tools/tell", "--loud"],
        10,
    )
    assert webhook.webhook is not None
    assert (webhook.webhook.get_secret_value(), webhook.timeout) == (HOOK, 3.0)
    assert "s3cret" not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("{on: [promoted]}", "notify[0]: give either run or webhook"),
        (
            "{on: [promoted], run: [x], webhook: 'http://h/'}",
            "notify[0]: give either run or webhook",
        ),
        ("{on: [], run: [x]}", "notify[0].on: must not be empty"),
        ("{on: [promoted], run: []}", "notify[0].run: must not be empty"),
        (
            "{on: [pointed], run: [x]}",
            "notify[0].on[0]: input should be 'promoted', 'rolled-back' or 'aborted'",
        ),
        ("{on: [promoted], run: [x], timeout: 10}", "notify[0].timeout: a duration needs its unit"),
        ("{on: [promoted], run: [x], timeout: 0s}", "notify[0].timeout: input should be greater than 0"),
        ("{on: [promoted], webhok: x}", "notify[0].webhok: unknown key; did you mean webhook?"),
    ],
)
def test_a_wrong_hook_is_named_with_its_line(tmp_path: Path, hook: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(written(tmp_path, f"notify:\n  - {hook}\n"), {})
    assert "local.yaml:2: " in raised.value.message
    assert words in raised.value.message


@pytest.mark.parametrize(
    "value",
    [
        "ftp://h/s3cret",
        "s3cret",
        "http:///s3cret",
        "http://h:99999/s3cret",
        "http://h/s3cret x",
        "",
        "[s3cret",
        "*s3cret",
    ],
)
def test_the_message_about_a_wrong_webhook_does_not_repeat_it(tmp_path: Path, value: str) -> None:
    root = written(tmp_path, "notify:\n  - on: [promoted]\n    webhook: ${HOOK}\n")
    with pytest.raises(ConfigError, match=r"local.yaml:3: notify\[0\].webhook: ") as raised:
        loaded(root, {"HOOK": value})
    assert "s3cret" not in raised.value.message


def test_the_whole_list_can_be_overridden(tmp_path: Path) -> None:
    root = written(tmp_path, "notify:\n  - {on: [promoted], run: [x]}\n")
    assert loaded(root, {"RELCTL_NOTIFY": "[]"}).notify == []
    with pytest.raises(ConfigError, match=r"^RELCTL_NOTIFY: notify\[0\].on: must not be empty$"):
        loaded(root, {"RELCTL_NOTIFY": '[{"on": [], "run": ["y"]}]'})
    given = '[{"on": ["aborted"], "run": ["y"]}]'
    assert loaded(root, {"RELCTL_NOTIFY": given}).notify[0].run == ["y"]


@pytest.mark.parametrize(
    "text",
    [
        "notify: ${VALUE}\n",
        "notify: [s3cret]\n",
        "notify:\n  - {on: [promoted], run: ${VALUE}}\n",
        "notify:\n  - {on: [promoted], run: curl s3cret}\n",
        "notify:\n  - {on: ${VALUE}, run: [x]}\n",
        "notify:\n  - {on: [promoted], run: [x], timeout: '${VALUE}'}\n",
        "notify:\n  - {on: [promoted], run: [curl, ${NUMBER}]}\n",
        "notify:\n  - {on: [promoted], run: [curl, 700142]}\n",
        "docker_host: ${NUMBER}\n",
        "proxy: {listen: '${VALUE}'}\n",
        "proxy: {listen: ['127.0.0.1:1', '${VALUE}']}\n",
        "max_age: ${VALUE}\n",
    ],
)
def test_no_message_repeats_what_may_be_a_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"local.yaml:\d: ") as raised:
        loaded(written(tmp_path, text), {"VALUE": "s3cret", "NUMBER": "700142"})
    assert "s3cret" not in f"{raised.value.message} {raised.value.hint}"
    assert "700142" not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize("value", ['[{"webhook": "https://h/s3cret"', '["s3cret"]', "s3cret", '{"s3cret": ['])
def test_no_message_repeats_the_list_of_a_variable(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^RELCTL_NOTIFY") as raised:
        loaded(written(tmp_path, "{}\n"), {"RELCTL_NOTIFY": value})
    assert "s3cret" not in raised.value.message
