"""The description of the API in openapi/ as one OpenAPI document, for schemathesis."""

import re

import yaml


class Core(yaml.CSafeLoader):
    """YAML 1.2, as the description is written in: PyYAML alone takes `NO` for a boolean."""

    yaml_implicit_resolvers = {}


for kind, pattern, first in (
    ("null", r"(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"(?:true|false)$", ["t", "f"]),
    ("int", r"[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), list(first))

SCHEMAS = "#/components/schemas/"
JSON = "application/json"


def joined(folder):
    """All files of the folder as one document, the one that they share first."""
    files = sorted(folder.glob("*.yaml"), key=lambda file: (file.name != "plaid.yaml", file.name))
    document = {"paths": {}, "components": {"schemas": {}}}
    for file in files:
        part = yaml.load(file.read_text(encoding="utf-8"), Core)
        document["paths"].update(part.pop("paths", {}))
        for section, entries in part.pop("components", {}).items():
            document["components"].setdefault(section, {}).update(entries)
        document = {**part, **document}
    return document


def for_tests(document):
    """Adds what the API does and an OpenAPI document of it does not say."""
    schemas = document["components"]["schemas"]
    # The tester sends the credentials with every request. `Plaid-Version`, which is listed
    # beside them, may be left out.
    document.pop("security", None)
    document["components"].pop("securitySchemes", None)
    # Some errors come without a message.
    schemas["PlaidError"]["properties"]["error_message"]["nullable"] = True
    closing = Closing(schemas)
    for operation in operations(document):
        error = {"content": {JSON: {"schema": {"$ref": SCHEMAS + "PlaidError"}}}}
        # Operations that declare no error have the same as the others.
        operation["responses"].setdefault("default", {"description": "An error.", **error})
        operation.pop("security", None)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":  # what HTTP lets stand there
                parameter["schema"].setdefault("pattern", "^[!-~]*$")
        body = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if body:
            body["schema"] = closing.request(body["schema"])
    schemas.update(closing.done)
    return document


def operations(document):
    for path in document["paths"].values():
        yield from (path[method] for method in ("get", "post") if method in path)


class Closing:
    """Copies of the schemas of requests that refuse fields which they do not list, as the
    API does. Answers stay open: it adds fields to them at any time."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.done = {}

    def request(self, schema):
        closed = self.closed(schema)
        whole = self.done[closed["$ref"].removeprefix(SCHEMAS)]
        # Without any field listed it takes none; inside of one that is a free object.
        if "properties" not in whole:
            whole["additionalProperties"] = False
        return closed

    def closed(self, schema):
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(SCHEMAS)
            copy = f"{name}.Closed"
            if copy not in self.done:
                self.done[copy] = {}  # it may contain itself
                self.done[copy].update(self.closed(self.schemas[name]))
            return {**schema, "$ref": SCHEMAS + copy}
        schema = self.merged(schema)
        out = dict(schema)
        # A file within JSON is text.
        if out.get("format") == "binary":
            del out["format"]
        if "properties" in schema:
            fields = schema["properties"].items()
            out["properties"] = {name: self.closed(field) for name, field in fields}
            out["additionalProperties"] = False
        if "items" in schema:
            out["items"] = self.closed(schema["items"])
        for several in ("allOf", "anyOf", "oneOf"):
            if several in schema:
                out[several] = [self.closed(part) for part in schema[several]]
        return out

    def merged(self, schema):
        """Parts that are made into one would each refuse the fields of the others."""
        parts = [self.resolved(part) for part in schema.get("allOf", [])]
        if sum("properties" in part for part in parts) < 2:
            return schema
        whole = {name: value for name, value in schema.items() if name != "allOf"}
        whole["type"] = "object"
        for part in map(self.merged, parts):
            whole["properties"] = {**whole.get("properties", {}), **part.get("properties", {})}
            required = whole.get("required", []) + part.get("required", [])
            if required:
                whole["required"] = sorted(set(required))
        return whole

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].removeprefix(SCHEMAS)]
        return schema
