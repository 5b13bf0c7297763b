"""A wrong setting is refused in a sentence that names the variable."""

import re
from pathlib import Path

import pytest

from translator.engines.protocol import Decoding
from translator.settings import Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def model(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(model_dir))


def test_only_the_model_is_required() -> None:
    settings = read_settings()
    assert (settings.port, settings.beam_size, settings.max_characters) == (8000, 4, 5000)
    assert settings.release_file is None
    assert settings.cpus >= 1


@pytest.mark.parametrize(("cpus", "replicas"), [(1, 1), (64, 64), (65, 64), (128, 64)])
def test_a_replica_per_cpu_is_the_default_up_to_the_limit(
    cpus: int, replicas: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("translator.settings.available_cpus", lambda: cpus)
    assert read_settings().cpus == replicas


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("RELEASE_FILE", "")
    settings = read_settings()
    assert (settings.port, settings.release_file) == (8000, None)


def test_the_search_is_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().decoding == Decoding()
    wanted = Decoding(beam_size=2, length_penalty=0.6, no_repeat_ngram_size=3, max_decoding_length=50)
    monkeypatch.setenv("BEAM_SIZE", "2")
    monkeypatch.setenv("LENGTH_PENALTY", "0.6")
    monkeypatch.setenv("NO_REPEAT_NGRAM_SIZE", "3")
    monkeypatch.setenv("MAX_DECODING_LENGTH", "50")
    assert read_settings().decoding == wanted


def test_names_may_be_spelt_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    assert read_settings().log_level == "warning"


def test_nothing_in_a_value_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ISSUER", "${HOME}/$PORT")
    assert read_settings().jwt_issuer == "${HOME}/$PORT"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MODEL_DIR", "", "MODEL_DIR is not set; it names the directory of a model"),
        ("MODEL_DIR", "/nowhere", "MODEL_DIR is '/nowhere': path does not point to a directory"),
        ("PORT", "http", "PORT is 'http'; it should be a valid integer"),
        ("PORT", "0", "PORT is '0'; it should be greater than or equal to 1"),
        ("THREADS", "2000", "THREADS is '2000'; it should be less than or equal to 1024"),
        ("CPUS", "65", "CPUS is '65'; it should be less than or equal to 64"),
        ("CPUS", "1.5", "CPUS is '1.5'; it should be a valid integer"),
        ("ENGINE", "onnx", "ENGINE is 'onnx'; it should be 'ctranslate2' or 'torch'"),
        ("BEAM_SIZE", "0", "BEAM_SIZE is '0'; it should be greater than or equal to 1"),
        ("LENGTH_PENALTY", "nan", "LENGTH_PENALTY is 'nan'; it should be a finite number"),
        ("DEADLINE", "0", "DEADLINE is '0'; it should be greater than 0"),
        ("BATCHING", "maybe", "BATCHING is 'maybe'; it should be a valid boolean"),
        ("MAX_CHARACTERS", "-1", "MAX_CHARACTERS is '-1'; it should be greater than or equal to 1"),
        (
            "MAX_TOTAL_CHARACTERS",
            "100",
            "MAX_TOTAL_CHARACTERS is 100; it must be MAX_CHARACTERS (5000) at least",
        ),
        ("BLOCKED_WORDS_FILE", "/nowhere", "BLOCKED_WORDS_FILE is '/nowhere': path does not point to a file"),
    ],
)
def test_a_wrong_value_is_named(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}"):
        read_settings()


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("BEAM_SIZE", "many")
    with pytest.raises(SettingsError, match=r"^PORT is .*; BEAM_SIZE is "):
        read_settings()


def test_the_table_of_settings_is_complete_and_its_defaults_are_true(model_dir: Path) -> None:
    text = (Path(__file__).parents[3] / "service" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ((?:`[A-Z_]+`(?:, )?)+) \| (.+?) \|", text)
    told = {name: default.strip("`") for names, default in rows for name in re.findall(r"[A-Z_]+", names)}
    assert told.keys() == {name.upper() for name in Settings.model_fields}
    settings = Settings(model_dir=model_dir)
    in_words = {"MODEL_DIR": "required", "CPUS": "what affinity and cgroup leave, at most 64"}
    for name, default in told.items():
        value = getattr(settings, name.lower())
        shown = (
            "none" if value in (None, "") else str(value).lower() if value in (True, False) else str(value)
        )
        assert default.removesuffix(".0") == in_words.get(name, shown).removesuffix(".0"), name
