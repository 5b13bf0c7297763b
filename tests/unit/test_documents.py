"""What the documents say is held against what it is said of: models, command line, Makefile, files."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from relctl import errors
from relctl.cli.main import app
from relctl.cli.verbs import SHARED
from relctl.config.document import read
from relctl.config.environment import Environment, _variables
from relctl.config.gates import GateSection
from relctl.config.pipeline import CaseFile, PipelineFile
from relctl.config.project import read_environment
from relctl.config.validate import Section, validate
from relctl.config.versions import Versions
from relctl.engine.slots import TRIAL_ROLES
from relctl.proxy.recent_traffic import PoolTraffic, Traffic
from relctl.rollout import drift, status
from relctl.rollout.failover import SlotStatus, StandingIn
from relctl.rollout.move import NOTICES
from relctl.state.event import _RULES, Event
from relctl.state.evidence import GateResult
from relctl.state.fault_points import VARIABLE
from relctl.state.history import BEGUN, DONE
from relctl.verify.diff import Difference
from relctl.verify.gates import command

ROOT = Path(__file__).parents[2]
PATTERNS = ("*.md", "docs/**/*.md", "service/**/*.md", "tests/**/*.md")
DOCUMENTS = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SOURCES = sorted((ROOT / "deploy" / "relctl").rglob("*.py"))
MODELS: dict[str, type[Section]] = {
    "versions.yaml": Versions,
    "deploy/environments/NAME.yaml": Environment,
    "pipelines/verify.yaml": PipelineFile,
    "pipelines/smoke.yaml": CaseFile,
    "pipelines/contract.yaml": CaseFile,
}
# What Python's value is when a document says that a key has no default value.
NOTHING: tuple[object, ...] = (None, "", {})


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text(relative: str) -> str:
    return (ROOT / relative).read_text(encoding="utf-8")


def headings(document: str) -> Iterator[tuple[int, str, int]]:
    """Level, title and line number of every heading; a `#` in a fenced block is none."""
    fenced = False
    for number, line in enumerate(document.splitlines()):
        fenced ^= line.lstrip().startswith("```")
        found = re.match(r"(#+) (.*)", line)
        if found and not fenced:
            yield len(found[1]), found[2], number


def section(document: str, title: str) -> str:
    """The part of a document below a heading, up to the next one of its level or above."""
    found = list(headings(document))
    start = [(level, number) for level, each, number in found if each == title]
    assert start, f"there is no heading {title!r}"
    level, first = start[0]
    end = next((number for other, _, number in found if number > first and other <= level), None)
    return "\n".join(document.splitlines()[first:end])


def fences(document: str) -> list[tuple[str, str]]:
    """The language and the text of every fenced block."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", document, re.S | re.M)
    return [(language, block) for _, language, block in found]


def code(document: str) -> Iterator[str]:
    """Every line of a fenced block that is typed, and every piece of code in a sentence."""
    for language, block in fences(document):
        prompt = "$ " if language == "console" else ""
        lines = block.splitlines() if language in ("console", "sh") else []
        yield from (line.removeprefix(prompt) for line in lines if line.startswith(prompt))
    prose = re.sub(r"^( *)```.*?^\1```$", "", document, flags=re.S | re.M)
    yield from re.findall(r"`([^`\n]+)`", prose)


# --- configuration.md ---


def examples() -> list[tuple[str, str]]:
    blocks = [
        block for language, block in fences(text("docs/reference/configuration.md")) if language == "yaml"
    ]
    return [(block.partition("\n")[0].removeprefix("# "), block) for block in blocks]


@pytest.mark.parametrize(("file", "example"), examples())
def test_every_example_of_the_configuration_is_valid(file: str, example: str, tmp_path: Path) -> None:
    assert file in MODELS, "the first line of an example names its file"
    path = tmp_path / "example.yaml"
    path.write_text(example, encoding="utf-8")
    validate(read(path, {}), MODELS[file])


@pytest.mark.parametrize("file", MODELS)
def test_every_file_of_the_configuration_has_an_example(file: str) -> None:
    assert file in [named for named, _ in examples()]


def models(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation: itself, or those of a list, a union, an optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models(argument)]


def fields(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that a file may hold, as documents write it: `cases[].request.path`.

    A section that is always there goes without saying, its keys name it.
    """
    for field, info in model.model_fields.items():
        path = above + (info.alias or field)
        inner = models(info.annotation)
        is_list = "list[" in str(info.annotation)
        if not inner or is_list or info.default is None:
            yield path, info
        for each in inner:
            yield from fields(each, f"{path}[]." if is_list else f"{path}.")


GATES: dict[str, Any] = {
    get_args(gate.model_fields["gate"].annotation)[0]: gate
    for gate in models(PipelineFile.model_fields["gates"].annotation)
}
OF_EVERY_GATE = {"gate", *GateSection.model_fields}


def tables() -> Iterator[tuple[str, str, FieldInfo]]:
    """The heading, the key and the field of every row that the tables of keys must have.

    The keys of a gate stand below a heading of its own, because gates have keys of the same name.
    """
    for file, model in MODELS.items():
        if model is not CaseFile or file == "pipelines/smoke.yaml":  # the other one has the same keys
            yield from ((file, *each) for each in fields(model) if not each[0].startswith("gates[]."))
    for gate, model in GATES.items():
        for key, info in fields(model):
            yield ("Every gate" if key in OF_EVERY_GATE else f"Gate {gate}"), key, info


TABLES = list(tables())


def rows(heading: str) -> list[tuple[str, str]]:
    """Key and documented default of every row in the table of keys below a heading, and no deeper one."""
    below = section(text("docs/reference/configuration.md"), heading).splitlines()
    end = next((line for _, _, line in list(headings("\n".join(below)))[1:]), None)
    found = re.findall(r"^\| `([^`]+)` \| [^|\n]* \| ([^|\n]*) \|", "\n".join(below[:end]), re.M)
    return [(key, default.strip()) for key, default in found]


def test_every_table_of_keys_belongs_to_a_model() -> None:
    titles = [title for _, title, _ in headings(text("docs/reference/configuration.md"))]
    assert sorted(title for title in titles if title.startswith("Gate ")) == sorted(
        f"Gate {g}" for g in GATES
    )
    known = {heading for heading, _, _ in TABLES}
    assert {title for title in titles if rows(title)} == known


@pytest.mark.parametrize("heading", sorted({heading for heading, _, _ in TABLES}))
def test_the_tables_hold_every_key_of_the_models_once_and_no_other(heading: str) -> None:
    assert sorted(key for key, _ in rows(heading)) == sorted(
        {key for each, key, _ in TABLES if each == heading}
    )


@pytest.mark.parametrize(
    ("heading", "key", "info"),
    [pytest.param(*each, id=f"{number}:{each[0]}:{each[1]}") for number, each in enumerate(TABLES)],
)
def test_the_documented_default_is_the_models(heading: str, key: str, info: FieldInfo) -> None:
    documented = dict(rows(heading)).get(key)
    assert documented is not None, f"{key} is not documented"
    if info.is_required():
        assert documented == "required"
        return
    default = info.get_default(call_default_factory=True)
    if documented == "none":
        assert default in NOTHING
        return
    one = create_model("One", value=(info.annotation, info))  # type: ignore[arg-type]
    try:
        found: Any = one.model_validate({info.alias or "value": yaml.safe_load(documented.strip("`"))})
    except ValidationError:
        pytest.fail(f"{key}: {documented} is no value of that key")
    assert found.value == default


def test_every_gate_is_in_the_table_of_gates() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", text("docs/explanation/gates.md"), re.M)
    assert documented == list(GATES)
    [named] = re.findall(r"^\| `gate` \|.*", text("docs/reference/configuration.md"), re.M)
    assert set(GATES) <= set(re.findall(r"`([a-z-]+)`", named))


@pytest.mark.parametrize("path", sorted((ROOT / "deploy" / "environments").glob("*.yaml")), ids=name)
def test_the_environments_are_valid(path: Path) -> None:
    validate(read_environment(ROOT, path.stem, {}), Environment)


@pytest.mark.parametrize("path", [*DOCUMENTS, *WORKFLOWS], ids=name)
def test_the_variables_that_are_named_are_read(path: Path) -> None:
    told = set(re.findall(r'"(RELCTL_[A-Z_]+)":', inspect.getsource(command)))
    assert told, "the gate `command` tells in another way now"
    known = {variable for _, variable, _ in _variables(Environment)} | {"RELCTL_ENV", VARIABLE} | told
    assert set(re.findall(r"\bRELCTL_[A-Z_]*[A-Z]\b", text(name(path)))) <= known


# --- cli.md ---


def commands(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, by the words that are typed."""
    for verb, inner in getattr(command, "commands", {}).items():
        if not hasattr(inner, "commands"):
            yield f"{words} {verb}", inner
        yield from commands(inner, f"{words} {verb}")


RELCTL: Any = typer.main.get_command(app)
COMMANDS = dict(commands(RELCTL, "relctl"))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented_with_its_options_and_arguments(words: str) -> None:
    documented = section(text("docs/reference/cli.md"), words)
    arguments = [each for each in COMMANDS[words].params if each.param_type_name == "argument"]
    options = [each for each in COMMANDS[words].params if each.param_type_name == "option"]
    assert [each.name for each in arguments if not re.search(rf"\b{each.name.upper()}\b", documented)] == []
    assert re.findall(r"^\| `(--[a-z-]+)", documented, re.M) == [each.opts[0] for each in options]


def test_every_global_option_is_documented() -> None:
    documented = section(text("docs/reference/cli.md"), "Global options")
    assert [each.opts[0] for each in RELCTL.params if each.opts[0] not in documented] == []


def test_every_member_of_what_verify_and_diff_say_is_documented() -> None:
    documented = section(text("docs/reference/cli.md"), "relctl diff")
    assert [each.name for each in dataclasses.fields(Difference) if f"`{each.name}`" not in documented] == []
    documented = section(text("docs/reference/cli.md"), "relctl verify")
    assert [each for each in GateResult.model_fields if f"`{each}`" not in documented] == []


@pytest.mark.parametrize("shape", [status.Status, SlotStatus, StandingIn, Traffic, PoolTraffic])
def test_every_member_of_what_status_says_is_documented(shape: Any) -> None:
    documented = section(text("docs/reference/cli.md"), "relctl status")
    assert [each.name for each in dataclasses.fields(shape) if f"`{each.name}`" not in documented] == []


def test_every_member_of_an_event_is_documented() -> None:
    documented = section(text("docs/reference/cli.md"), "relctl history").rpartition("JSON: ")[2]
    of_file = {each.name for each in dataclasses.fields(Event)} - {"source", "details"} | {"v", "from"}
    known = of_file | set(NOTICES) | set(_RULES) - {"accepted"}  # that is a member of observe's
    assert sorted(each for each in known if f"`{each}`" not in documented) == []


def test_the_global_options_that_may_follow_the_verb_are_told() -> None:
    told = section(text("docs/reference/cli.md"), "Global options").partition("| option |")[0]
    assert set(re.findall(r"`(--[a-z-]+)`", told)) == {f"--{name.replace('_', '-')}" for name in SHARED}


def test_no_command_is_documented_that_is_not_there() -> None:
    documented = [
        title for _, title, _ in headings(text("docs/reference/cli.md")) if title.startswith("relctl ")
    ]
    assert sorted(documented) == sorted(COMMANDS)


_GLOBAL = r"(?: --(?:env|project) \S+| --(?:json|quiet|debug|no-input|version))*"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_the_commands_that_a_reader_is_told_to_type_exist(path: Path) -> None:
    verbs = {words.split()[1] for words in COMMANDS}
    typed = [re.match(rf"(?:\S*/)?relctl{_GLOBAL} ([a-z]+)", line) for line in code(text(name(path)))]
    assert {found[1] for found in typed if found} <= verbs


def test_every_exit_code_is_documented() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {str(each.exit_code) for each in classes if issubclass(each, errors.RelctlError)}
    table = section(text("docs/reference/cli.md"), "Output and exit codes")
    assert codes <= set(re.findall(r"^\| (\d+) \|", table, re.M))
    table = section(text("docs/how-to/runbook.md"), "When a command fails")
    assert codes <= set(re.findall(r"^\| (\d+) \|", table, re.M))


def test_every_event_of_the_ledger_is_documented() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    written = set(re.findall(r'\b(?:record|Event)\(\s*(?:host, )?"([a-z-]+)"', sources))
    assert {"built", "stopped"} <= written, "events are written in another way now"
    table = section(text("docs/reference/cli.md"), "relctl history")
    documented = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.M))))
    assert written | {*BEGUN.values(), *DONE.values()} <= documented


# --- runbook.md ---


def test_every_container_of_a_verification_is_named() -> None:
    named = section(text("docs/how-to/runbook.md"), "Where everything is")
    assert [role for role in TRIAL_ROLES if f"`-{role}-…`" not in named] == []


def test_every_sentence_of_drift_is_explained() -> None:
    tree = ast.parse(inspect.getsource(drift))
    said = [
        node.value
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name != "slot_names"
        for statement in function.body[ast.get_docstring(function) is not None :]
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > len("nothing")
    ]
    assert said, "drift is told somewhere else now"
    table = section(text("docs/how-to/runbook.md"), "Drift")
    assert [words for words in said if words.strip() not in table] == []


# --- all documents ---


def slug(heading: str) -> str:
    """The anchor of a heading, as Git forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", text(name(path))):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), f"{target} does not exist"
        if anchor:
            anchors = [slug(title) for _, title, _ in headings(linked.read_text(encoding="utf-8"))]
            assert anchor in anchors, f"{linked.name} has no heading for #{anchor}"


@pytest.mark.parametrize("path", [*DOCUMENTS, *WORKFLOWS], ids=name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    lines = code(text(name(path))) if path.suffix == ".md" else text(name(path)).splitlines()
    named = {target for line in lines for target in re.findall(r"\bmake ([a-z][a-z-]*)", line)}
    assert named <= targets


def test_the_changelog_begins_with_what_is_released() -> None:
    import relctl

    versions = re.findall(r"^## \[(\d[^\]]*)\]", text("CHANGELOG.md"), re.M)
    assert versions[0] == relctl.__version__
