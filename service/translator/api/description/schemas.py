"""Turns shapes into JSON Schema."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from translator.body import Limits

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that say the name of a member again."""

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False


def make_schemas(shapes: Iterable[Any], limits: Limits) -> tuple[dict[Any, Json], Json]:
    """The schema of each shape, and the definitions that they refer to, by name."""
    adapters = [_adapter(shape) for shape in dict.fromkeys(shapes)]
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF, schema_generator=_Untitled)
    figures = asdict(limits)
    by_shape = {shape: _with_limits(schema, figures) for (shape, _), schema in schemas.items()}
    return by_shape, _with_limits(definitions.get("$defs", {}), figures)


def _adapter(shape: Any) -> tuple[Any, JsonSchemaMode, TypeAdapter[Any]]:
    return shape, "validation", TypeAdapter(shape)


def _with_limits(schema: Any, figures: dict[str, int]) -> Any:
    """The schema with figures where the shapes, which know no settings, have the name of a limit."""
    if isinstance(schema, list):
        return [_with_limits(each, figures) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: figures[value] if name in ("maxLength", "maxItems") else _with_limits(value, figures)
        for name, value in schema.items()
    }
