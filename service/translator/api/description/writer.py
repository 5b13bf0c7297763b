"""Writes one operation as OpenAPI has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from translator.access.guard import Room, refusal, room
from translator.api.description import answers
from translator.api.description.operations import JSON, Example, Operation

Json = dict[str, Any]

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a token (JWT)."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}


@dataclass(frozen=True)
class Access:
    """Who may ask: with `credentials` only those who have some; `open_status` leaves monitoring out.

    `limited`: there is a quota for each of them.
    """

    credentials: bool
    open_status: bool
    limited: bool

    def needs_credentials(self, path: str) -> bool:
        """Whether a request to `path` is refused without credentials."""
        open_rooms = {Room.OPEN, Room.STATUS} if self.open_status else {Room.OPEN}
        return self.credentials and room(path) not in open_rooms

    def limits(self, path: str) -> bool:
        """Whether a request to `path` counts for the quota."""
        return self.credentials and self.limited and room(path) is Room.WORK

    def errors(self, path: str) -> Iterator[int]:
        """The statuses with which a request to `path` may be refused at the door."""
        if room(path) is Room.WORK:
            yield 400  # a credential in the query string
        if self.needs_credentials(path):
            yield refusal(path).value
        if self.limits(path):
            yield 429


@dataclass(frozen=True)
class Writer:
    """Knows the schema of every shape, and who may ask."""

    schemas: dict[Any, Json]
    access: Access

    def operation(self, tag: str, operation: Operation) -> Json:
        """The operation, under the heading `tag`."""
        written: Json = {
            "tags": [tag],
            "operationId": _name(operation),
            "summary": operation.summary,
            "description": operation.description,
            "responses": self._responses(operation),
        }
        if operation.query:
            written["parameters"] = [_parameter(*each) for each in operation.query.items()]
        if operation.requests:
            written["requestBody"] = {"required": True, "content": self._request(operation)}
        if self.access.needs_credentials(operation.path):
            written["security"] = [{scheme: []} for scheme in SCHEMES]
        return written

    def _request(self, operation: Operation) -> Json:
        content = {each: {"schema": self._any_of(shapes)} for each, shapes in operation.requests.items()}
        content[JSON]["examples"] = _examples(operation.examples, "request")
        return content

    def _any_of(self, shapes: tuple[Any, ...]) -> Json:
        schemas = [self.schemas[shape] for shape in shapes]
        return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}

    def _responses(self, operation: Operation) -> Json:
        limited = self.access.limits(operation.path)
        errors = sorted({*operation.errors, *self.access.errors(operation.path)})
        return {"200": self._success(operation, limited)} | {
            str(status): answers.error(status, limited) for status in errors
        }

    def _success(self, operation: Operation, limited: bool) -> Json:
        if isinstance(operation.answer, str):
            return answers.success(operation.answer, {"schema": {"type": "string"}}, limited)
        content: Json = {"schema": self.schemas[operation.answer]}
        if operation.examples:
            content["examples"] = _examples(operation.examples, "answer")
        return answers.success(JSON, content, limited)


def _name(operation: Operation) -> str:
    words = operation.path.removesuffix(".json").strip("/").replace("/", "_") or "page"
    return f"{operation.method}_{words}"


def _parameter(name: str, values: tuple[str, ...]) -> Json:
    schema = {"type": "string", "enum": list(values), "default": values[0]}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _examples(examples: tuple[Example, ...], part: str) -> Json:
    return {
        f"example{n}": {"summary": each.name, "value": getattr(each, part)}
        for n, each in enumerate(examples, start=1)
    }
