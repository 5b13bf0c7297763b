"""The real service answers as it is described, to what the description allows and to what it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

from unit.translator.applications import make_unready_client
from unit.translator.clean_service import clean_service
from unit.translator.service_process import Service

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503", "504"]},
            "negative_data_rejection": {"expected-statuses": ["400", "413", "415", "422"]},
            # A blank text is a string too.
            "positive_data_acceptance": {"enabled": False},
        },
    }
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with clean_service() as service:
        yield service


DESCRIPTION: Any = make_unready_client().get("/openapi.json").get_json()


@schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG).parametrize()
@settings(max_examples=75, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_described(case: schemathesis.Case[Any], service: Service) -> None:
    # A batch is answered with 200 also where items of it are refused. In forms 0 is false.
    accepted = case.path == "/batch" or case.media_type == "application/x-www-form-urlencoded"
    excluded: list[Any] = [negative_data_rejection] if accepted else []
    address = f"http://127.0.0.1:{service.port}"
    response = case.call_and_validate(base_url=address, excluded_checks=excluded)
    assert "Traceback" not in response.text
