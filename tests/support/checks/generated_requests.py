"""Requests that schemathesis generates from an OpenAPI document, and the checks of their responses.

The import of schemathesis takes a second, and generating the requests a tenth of a second for each operation. So tests
import this module and generate requests when they run, and not when they are collected.
"""

from collections.abc import Mapping
from typing import Any

import requests
import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

_CONFIG = {
    "seed": 20260314,
    # Much of what is wrong is also far too long.
    "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 413, 414, 415, 431]}},
    "generation": {
        "deterministic": True,
        "max-examples": 10,
        "database": "none",
        "allow-x00": False,
        "with-security-parameters": False,
    },
}


class GeneratedRequests:
    """Valid and invalid requests for every operation of a document."""

    def __init__(self, document: dict[str, Any]) -> None:
        load_all_checks()
        self._schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(_CONFIG))
        self._feedback = FeedbackSources(constants_value_source=make_constants_value_source(self._schema))
        # It keeps connections, and does not search the environment for a proxy at each request.
        self._session = requests.Session()
        self._session.trust_env = False

    def check_responses(
        self, method: str, path: str, *, base_url: str, headers: Mapping[str, str], ids: Mapping[str, str]
    ) -> int:
        """Send the requests of one operation, check each response by the document, and return how many were sent.

        Valid path parameters are replaced by these ids, because a generated id would find nothing.
        """
        count = 0

        def check(case: schemathesis.Case[Any]) -> None:
            nonlocal count
            count += 1
            _use_known_values(case, ids)
            self._session.cookies.clear()
            response = case.call(base_url=base_url, headers=dict(headers), allow_redirects=False, session=self._session)
            # Other tests check authentication with better forgeries.
            excluded = [ignored_auth]
            if case.operation.body or "from" in case.query:
                # The rules for branch names, folder paths and time ranges are more than a schema says.
                excluded.append(positive_data_acceptance)
            case.validate_response(response, excluded_checks=excluded)

        build_operation_test(
            config=self._schema.config,
            operation=self._schema[path][method],
            test_func=check,
            given_kwargs={},
            feedback=self._feedback,
        )()
        return count


def _use_known_values(case: schemathesis.Case[Any], ids: Mapping[str, str]) -> None:
    components = dict(case.meta.components) if case.meta else {}
    if _is_valid(components, ParameterLocation.PATH):
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
    if _is_valid(components, ParameterLocation.QUERY):
        # The content of a cursor is not part of the document.
        case.query.pop("cursor", None)


def _is_valid(components: dict[ParameterLocation, Any], location: ParameterLocation) -> bool:
    return location not in components or components[location].mode is GenerationMode.POSITIVE
