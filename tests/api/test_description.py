"""A description that is wrong is found out: a status, a field, a header, a type of content."""

import copy

import pytest
import schemathesis
from schemathesis.core.failures import Failure, FailureGroup

from asking import ask, bearer


def without_status(document):
    del document["paths"]["/api/videos"]["get"]["responses"]["200"]


def without_a_field(document):
    schema = document["paths"]["/api/videos"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    del schema["properties"]["next_cursor"]
    schema["required"].remove("next_cursor")


def with_a_field_too_many(document):
    schema = document["paths"]["/api/videos"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema["required"].append("total")


def with_another_type(document):
    schema = document["paths"]["/api/videos"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema["properties"]["videos"] = {"type": "string"}


def with_another_header(document):
    document["components"]["headers"]["noStore"]["schema"] = {"const": "public"}


def with_a_header_too_many(document):
    headers = document["paths"]["/api/videos"]["get"]["responses"]["200"]["headers"]
    headers["X-Total"] = {"required": True, "schema": {"type": "integer"}}


def with_another_content(document):
    content = document["paths"]["/api/videos"]["get"]["responses"]["200"]["content"]
    content["text/html"] = content.pop("application/json")


@pytest.mark.parametrize(
    "change",
    [
        without_status,
        without_a_field,
        with_a_field_too_many,
        with_another_type,
        with_another_header,
        with_a_header_too_many,
        with_another_content,
    ],
)
def test_what_is_wrong_is_noticed(world, document, described, change):
    headers = bearer(world.admin)
    assert ask(described, world.gate, "GET", "/api/videos", headers=headers).status_code == 200
    changed = copy.deepcopy(document)
    change(changed)
    with pytest.raises((Failure, FailureGroup)):
        ask(schemathesis.openapi.from_dict(changed), world.gate, "GET", "/api/videos", headers=headers)
