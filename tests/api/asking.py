"""Requests, and what of their answers is held against the description."""

from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECONDS = 60


def ask(described, base, method, path, **case):
    """Sends a request that is made by the description; its answer must be as described."""
    operation = described[path][method]
    case = operation.Case(**case)
    answer = case.call(base_url=base, timeout=SECONDS, allow_redirects=False)
    case.validate_response(answer, checks=CHECKS)
    return answer


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
