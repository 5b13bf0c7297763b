"""A wrong setting is refused in a sentence that names the variable."""

import re
from pathlib import Path

import pytest

from translator.settings import Settings, SettingsError


def test_only_the_model_is_required(model_dir: Path) -> None:
    settings = Settings.from_environment({"MODEL_DIR": str(model_dir)})
    assert (settings.port, settings.beam_size, settings.max_characters) == (8000, 4, 5000)
    assert settings.release_file is None
    assert settings.cpus >= 1


def test_an_empty_variable_counts_as_unset(model_dir: Path) -> None:
    environment = {"MODEL_DIR": str(model_dir), "PORT": "", "RELEASE_FILE": ""}
    settings = Settings.from_environment(environment)
    assert (settings.port, settings.release_file) == (8000, None)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MODEL_DIR", "", "MODEL_DIR is not set; it names the directory of a CTranslate2 model"),
        ("MODEL_DIR", "/nowhere", "MODEL_DIR is '/nowhere', which is not a directory"),
        ("PORT", "http", "PORT is 'http', which is not a whole number"),
        ("PORT", "0", "PORT is 0; it must be 1 to 65535"),
        ("THREADS", "1000", "THREADS is 1000; it must be 1 to 128"),
        ("CPUS", "1.5", "CPUS is '1.5', which is not a whole number"),
        ("BEAM_SIZE", "0", "BEAM_SIZE is 0; it must be 1 to 16"),
        ("MAX_CHARACTERS", "-1", "MAX_CHARACTERS is -1; it must be 1 to 100000"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str, message: str, model_dir: Path) -> None:
    environment = {"MODEL_DIR": str(model_dir), variable: value}
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        Settings.from_environment(environment)
