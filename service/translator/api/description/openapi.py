"""Makes the OpenAPI 3.1 description from the table of operations and the shapes that it names."""

from dataclasses import asdict
from typing import Any

from translator.api.description import answers
from translator.api.description.operations import Operation, Section
from translator.api.description.schemas import make_schemas
from translator.api.description.writer import SCHEMES, Access, Writer
from translator.body import Limits
from translator.release import Release

Json = dict[str, Any]

_DESCRIPTION = """\
Translates Chinese into English. As long as the release is the same, the same text gives the same translation.
Bodies are JSON in UTF-8; every error is `application/problem+json` with a sentence in `detail`.
A text may have {characters:,} characters; a request, {items:,} texts with {total_characters:,} characters.
"""


def describe(sections: tuple[Section, ...], release: Release, limits: Limits, access: Access) -> Json:
    """The whole description, as JSON."""
    shapes = [shape for section in sections for each in section.operations for shape in _shapes(each)]
    schemas, definitions = make_schemas([*shapes, answers.Problem], limits)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Translator", "version": release.version, "description": _describe_all(limits)},
        "servers": [{"url": "/"}],
        "tags": [{"name": each.name, "description": each.description} for each in sections],
        "paths": {
            each.path: {each.method: Writer(schemas, access).operation(section.name, each)}
            for section in sections
            for each in section.operations
        },
        "components": {
            "schemas": definitions,
            "headers": answers.headers(),
            "securitySchemes": SCHEMES if access.credentials else {},
        },
    }


def _describe_all(limits: Limits) -> str:
    return _DESCRIPTION.format(**asdict(limits))


def _shapes(operation: Operation) -> list[Any]:
    requests = [shape for shapes in operation.requests.values() for shape in shapes]
    return requests if isinstance(operation.answer, str) else [*requests, operation.answer]
