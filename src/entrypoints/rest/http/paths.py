"""The paths of the REST API, and their parameters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta
from starlette.convertors import StringConvertor, register_url_convertor

from entrypoints.edge.public_urls import CONNECTIONS
from entrypoints.rest.http.requests import Name


class _Delivery(StringConvertor):
    """A delivery id. `retry` and `metrics` are other paths."""

    regex = "(?!(?:retry|metrics)(?:/|$))[^/]+"


register_url_convertor("delivery", _Delivery())

_CONVERTOR = re.compile(r":\w+(?=\})")

ORGANIZATION = "/api/v1/{org_id:uuid}"
INTEGRATIONS = f"{ORGANIZATION}/git-integrations"
INTEGRATION = f"{INTEGRATIONS}/{{provider}}"
REPOSITORIES = f"{INTEGRATION}/repos"
REPOSITORY = f"{REPOSITORIES}/{{repo_id}}"
CONNECTION = f"{CONNECTIONS}/{{provider}}"
EVENTS = f"{ORGANIZATION}/events"
WEBHOOK_EVENTS = f"{ORGANIZATION}/git-webhook-events"
READ_TOKENS = f"{ORGANIZATION}/git-read-tokens"
READ_TOKEN = f"{READ_TOKENS}/{{lease_id:uuid}}"
WEBHOOK_RETRIES = f"{WEBHOOK_EVENTS}/retry"
WEBHOOK_METRICS = f"{WEBHOOK_EVENTS}/metrics"
OVERVIEW = f"{ORGANIZATION}/overview"
ACTIVITY = f"{ORGANIZATION}/activity"
WEBHOOK_EVENT = f"{WEBHOOK_EVENTS}/{{event_id:delivery}}"
AUTHOR_ASSIGNMENT = f"{ORGANIZATION}/git-authors/{{author_key}}/assignment"
PROJECTS = f"{ORGANIZATION}/projects"
PROJECT = f"{PROJECTS}/{{project_id:uuid}}"
PROJECT_REPOSITORY = f"{PROJECT}/repository"
CHANGED_FILES = f"{PROJECT_REPOSITORY}/changed-files"
DIRECTORIES = f"{REPOSITORY}/directories"
RULES_PREVIEW = f"{PROJECT_REPOSITORY}/rules/preview"
AFFECTED_PROJECTS = f"{ORGANIZATION}/git-affected"


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A parameter of a path."""

    description: str
    model: Any
    example: str


PARAMETERS: Mapping[str, PathParameter] = {
    "org_id": PathParameter("The id of the organization.", UUID, "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c11"),
    "provider": PathParameter("The name of the provider.", Name, "github"),
    "repo_id": PathParameter(
        "The provider's id of the repository. The id does not change when the repository is renamed.", Name, "815341"
    ),
    "lease_id": PathParameter("The id of the token lease.", UUID, "9d0f6f5e-3a0c-4a53-b1a5-0b1d7c2e8f44"),
    "event_id": PathParameter(
        "The id of the webhook event: the provider's delivery id.", Name, "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    ),
    "author_key": PathParameter(
        "The key of an email address, as the list of authors returns it.",
        Annotated[str, Meta(min_length=1, max_length=1024)],
        "bWFyYUBhY21lLmV4YW1wbGU",
    ),
    "project_id": PathParameter("The id of the project.", UUID, "0f9e8d7c-6b5a-4948-8776-655443322110"),
}
"""All parameters, by name. A name has the same meaning in all paths."""


@cache
def template_of(path: str) -> str:
    """Return the path in the OpenAPI document: `{org_id}` for `{org_id:uuid}`."""
    return _CONVERTOR.sub("", path)
