"""Requests by chance, good and bad: whatever is asked, the answer is one that is described, and none is a 5xx."""

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from asking import CHECKS, SECONDS, bearer
from conftest import ROOT

SCHEMA = schemathesis.openapi.from_path(ROOT / "docs/reference/openapi.yaml")
BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def credentials(world, path):
    return bearer(world.sign_in("ada") if "playback" in path else world.admin)


@SCHEMA.parametrize()
@BOUNDED
def test_whatever_is_asked_the_answer_is_described(world, case):
    headers = {} if case.path.startswith("/games") else credentials(world, case.path)
    answer = case.call(base_url=world.gate, headers=headers, timeout=SECONDS, allow_redirects=False)
    case.validate_response(answer, checks=[not_a_server_error, *CHECKS])
