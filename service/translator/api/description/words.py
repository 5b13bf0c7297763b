"""Says in words what a JSON Schema allows."""

import json
from typing import Any

_SIMPLE = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def words(schema: dict[str, Any]) -> str:
    """What the schema allows, such as `text, at most 5,000 characters`; a shape is called by its name."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema or "oneOf" in schema:
        choices = schema.get("anyOf") or schema["oneOf"]
        return " or ".join(dict.fromkeys(words(each) for each in choices))
    if "const" in schema or "enum" in schema:
        return " or ".join(_value(each) for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {words(schema.get('items', {}))}{_limit(schema, 'maxItems', 'items')}"
    if schema.get("type") == "object":
        return "object"
    simple = _SIMPLE.get(str(schema.get("type")), str(schema.get("type", "anything")))
    return simple + _limit(schema, "maxLength", "characters")


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _limit(schema: dict[str, Any], name: str, things: str) -> str:
    return f", at most {schema[name]:,} {things}" if name in schema else ""
