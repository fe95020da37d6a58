"""`GET /docs`: the API's description as one page, without scripts and without anything from another server."""

from html import escape
from typing import Any

from target_selligent.emulator.http.page.tables import row, table


def render_docs(description: dict[str, Any]) -> str:
    """Return the content of the page as HTML.

    Args:
        description: The OpenAPI description.
    """
    parts = [
        (
            "<p>The endpoints of the Selligent API that this emulator has: parameters, bodies and responses. "
            f'For programs: <a href="/openapi.json">/openapi.json</a>, OpenAPI {escape(description["openapi"])}. '
            'The data: <a href="/">overview</a>. Each call needs the header <code>X-ApiKey: key:secret</code>, or '
            "<code>X-ApiKey: key</code> and <code>X-ApiKey-Secret: secret</code>.</p>"
        )
    ]
    for path, operations in description["paths"].items():
        parts += [_operation(method, path, operation) for method, operation in operations.items()]
    parts.append("<h2>Objects</h2>")
    for name, schema in sorted(description["components"]["schemas"].items()):
        if "properties" in schema:
            parts.append(f'<section id="{escape(name)}"><h3>{escape(name)}</h3>{_properties(schema)}</section>')
    return "\n".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        row([escape(one["name"]), one["in"], _type(one["schema"]), "required" if one.get("required") else ""])
        for one in operation.get("parameters", ())
    )
    responses = "".join(
        row([escape(status), escape(response["description"]), _content(response.get("content", {}))])
        for status, response in operation["responses"].items()
    )
    body = operation.get("requestBody", {}).get("content", {})
    return (
        f'<section id="{escape(operation["operationId"])}"><h3>{method.upper()} <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('description') or '')} <small>{escape(operation['operationId'])}</small></p>"
        f"{table(['Parameter', 'In', 'Type', ''], parameters)}"
        f"{f'<p>Body: {_content(body)}</p>' if body else ''}"
        f"{table(['Status', 'Response', 'Body'], responses)}</section>"
    )


def _properties(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = (
        row([escape(name), _type(one), "required" if name in required else ""])
        for name, one in schema["properties"].items()
    )
    return table(["Name", "Type", ""], "".join(rows))


def _content(content: dict[str, Any]) -> str:
    kinds: dict[str, list[str]] = {}
    for media_type, one in content.items():
        kinds.setdefault(_type(one["schema"]), []).append(media_type)
    return "; ".join(f"{kind} as {escape(', '.join(media))}" for kind, media in kinds.items())


def _type(schema: dict[str, Any]) -> str:
    """Return a schema in words as HTML, with links to the objects."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    options = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if options:
        return ", ".join(f"<code>{escape(str(option))}</code>" for option in options)
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return escape(kind)
