#!/usr/bin/env python3
"""page.py FILE: the manual's page of the provider protocol, from its OpenAPI document."""
import json
import sys

import yaml

NOTICE = "<!-- Made of openapi/provider.yaml by `make docs`: change that. -->"


def resolve(document, node):
    """What a $ref stands for, and beside what it stands."""
    while isinstance(node, dict) and "$ref" in node:
        found = document
        for part in node["$ref"][2:].split("/"):
            found = found[part]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def name_of(node):
    return node["$ref"].rsplit("/", 1)[1] if isinstance(node, dict) and "$ref" in node else None


def line_of(text):
    return " ".join((text or "").split())


def cell(text):
    return line_of(text).replace("|", "\\|")


def heading(document, name):
    """Of a body. Some answers have the same name."""
    if name == "Code":
        return "Problem codes"
    return f"{name} body" if name in document["components"]["responses"] else name


def link(name, title):
    return f"[{name}](#{title.lower().replace(' ', '-')})"


def pretty(value, indent=0):
    """JSON with a line for what fits into one."""
    compact = json.dumps(value, ensure_ascii=False)
    if len(compact) + indent < 110 or not isinstance(value, (dict, list)):
        return compact
    pad = " " * (indent + 2)
    if isinstance(value, list):
        inner = [pretty(one, indent + 2) for one in value]
        return "[\n" + ",\n".join(pad + one for one in inner) + "\n" + " " * indent + "]"
    inner = [json.dumps(key) + ": " + pretty(one, indent + 2) for key, one in value.items()]
    return "{\n" + ",\n".join(pad + one for one in inner) + "\n" + " " * indent + "}"


def kind_of(document, schema):
    """A schema in few words."""
    if name_of(schema):
        return link(name_of(schema), heading(document, name_of(schema)))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for several in ("oneOf", "anyOf"):
        if several in schema and "properties" not in schema:
            return " or ".join(kind_of(document, one) for one in schema[several])
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"list of {kind_of(document, schema.get('items', {}))}"
    if kinds == "object" and "properties" in schema:
        return "{ " + ", ".join(f"`{key}`" for key in schema["properties"]) + " }"
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def members(document, schema):
    required = schema.get("required", [])
    yield "| member | | |"
    yield "|---|---|---|"
    for key, value in schema["properties"].items():
        mark = "" if key in required else ", may be left out"
        text = value.get("description") if "$ref" in value else resolve(document, value).get("description")
        yield f"| `{key}` | {kind_of(document, value)}{mark} | {cell(text)} |"
    yield ""


def example(content):
    if "example" in content:
        yield "```json"
        yield pretty(content["example"])
        yield "```"
        yield ""


def body(document, title, content):
    schema = content["schema"]
    yield f"{title}: {kind_of(document, schema)}."
    yield ""
    if "properties" in schema and any(len(value) > 1 for value in schema["properties"].values()):
        yield from members(document, schema)
    yield from example(content)


def parameters(document, path, operation):
    every = [resolve(document, one) for one in path.get("parameters", []) + operation.get("parameters", [])]
    shown = [one for one in every if one["in"] == "query" or one.get("required") and one["in"] == "header"]
    others = [f"`{one['name']}`" for one in every if one["in"] == "header" and one not in shown]
    for one in shown:
        where = "behind the `?`" if one["in"] == "query" else "header"
        yield f"- `{one['name']}` ({where}): {line_of(one.get('description')) or kind_of(document, one['schema'])}"
    if others:
        yield f"- headers that may be there: {', '.join(others)}"
    yield ""


def answers(document, operation):
    for status, answer in operation["responses"].items():
        name, answer = name_of(answer), resolve(document, answer)
        if status == "default":
            continue
        title = f"**{status}** {line_of(answer['description']).rstrip('.')}"
        content = answer.get("content", {}).get("application/json")
        if name and name != "Problem":
            yield f"**{status}** {link(name, name)}"
            yield ""
        elif content:
            yield from body(document, title, content)
        else:
            yield title + "."
            yield ""


def section(document, route, method, path):
    operation = path[method]
    yield f"### {method.upper()} {route}"
    yield ""
    yield line_of(operation["summary"]) + "."
    yield ""
    if "description" in operation:
        yield operation["description"].strip()
        yield ""
    yield from parameters(document, path, operation)
    if "requestBody" in operation:
        yield from body(document, "Request", operation["requestBody"]["content"]["application/json"])
    yield from answers(document, operation)


def overview(document):
    yield "| | |"
    yield "|---|---|"
    for route, path in document["paths"].items():
        for method in ("get", "put", "post", "delete"):
            if method in path:
                anchor = f"{method} {route}".lower()
                anchor = "".join(c for c in anchor if c.isalnum() or c in " -_").replace(" ", "-")
                yield f"| [{method.upper()} {route}](#{anchor}) | {path[method]['summary']} |"
    yield ""


def headers(document):
    yield "## Headers of requests"
    yield ""
    yield "| header | |"
    yield "|---|---|"
    for parameter in document["components"]["parameters"].values():
        if parameter["in"] == "header":
            yield f"| `{parameter['name']}` | {cell(parameter.get('description'))} |"
    yield ""


def answer_sections(document):
    yield "## Answers"
    yield ""
    for name, answer in document["components"]["responses"].items():
        content = next(iter(answer["content"].values()))
        yield f"### {name}"
        yield ""
        told = [f"`{header}`" for header in answer.get("headers", {})]
        yield f"{line_of(answer['description'])} Headers: {', '.join(told)}."
        yield ""
        yield from body(document, "Body", content)


def schemas(document):
    yield "## Bodies"
    yield ""
    for name, schema in document["components"]["schemas"].items():
        if name == "Code":
            continue
        yield f"### {heading(document, name)}"
        yield ""
        if "description" in schema:
            yield schema["description"].strip()
            yield ""
        if "properties" in schema:
            yield from members(document, schema)
        else:
            rule = schema.get("pattern") or schema.get("format")
            yield kind_of(document, schema) + (f", `{rule}`" if rule else "")
            yield ""


def codes(document):
    yield "## Problem codes"
    yield ""
    yield "| status | code | Ved |"
    yield "|---|---|---|"
    for code, what in document["components"]["schemas"]["Code"]["x-ved-codes"].items():
        yield f"| {what['status']} | `{code}` | {what['then']} |"
    yield ""


def page(document):
    info = document["info"]
    yield NOTICE
    yield ""
    yield f"# {info['title']}"
    yield ""
    yield info["description"].strip()
    yield ""
    yield "The document that machines read is [openapi/provider.yaml](openapi/provider.yaml), OpenAPI 3.1. How a plugin is"
    yield "started and what it must keep: [providers](providers.md); how it is tested: [conformance](conformance.md)."
    yield ""
    yield from overview(document)
    for scheme in document["components"]["securitySchemes"].values():
        yield f"- {line_of(scheme['description'])}"
    yield ""
    yield from headers(document)
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}"
        yield ""
        yield tag["description"]
        yield ""
        for route, path in document["paths"].items():
            for method in ("get", "put", "post", "delete"):
                if tag["name"] in path.get(method, {}).get("tags", []):
                    yield from section(document, route, method, path)
    yield from answer_sections(document)
    yield from schemas(document)
    yield from codes(document)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.safe_load(file)
    text = "\n".join(page(document))
    print(text.rstrip())


main()
