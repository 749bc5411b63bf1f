"""Every method of the gRPC API, beside the operation of REST that does the same."""

from dataclasses import replace

from crewkit.git.v1 import (
    attributions_pb2,
    attributions_pb2_grpc,
    connections_pb2,
    connections_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    integrations_pb2,
    integrations_pb2_grpc,
    projects_pb2,
    projects_pb2_grpc,
    repositories_pb2,
    repositories_pb2_grpc,
    webhook_events_pb2,
    webhook_events_pb2_grpc,
)
from tests.support.clients.grpc_activity_methods import ACTIVITY_METHODS
from tests.support.clients.grpc_author_methods import AUTHOR_METHODS
from tests.support.clients.grpc_content_methods import CONTENT_METHODS
from tests.support.clients.grpc_method import Method, Wrong
from tests.support.clients.grpc_rule_methods import RULE_METHODS
from tests.support.clients.grpc_token_methods import TOKEN_METHODS
from tests.support.scenarios.projects import GADGETS, WIDGETS

NOWHERE = "00000000-0000-4000-8000-000000000000"
_ORGANIZATION = {"organization_id": "{organization}"}
_INTEGRATION = {**_ORGANIZATION, "provider": "github"}
_INTEGRATION_PATH = "/git-integrations/github"
_REPOSITORY_PATH = f"{_INTEGRATION_PATH}/repos/{WIDGETS}"
_LINKED = "/projects/{linked}/repository"
_EVENT_PATH = "/git-webhook-events/{event}"
_BAD_BRANCH = "..bad"
_integration = Method(
    integrations_pb2_grpc.IntegrationServiceStub,
    "GetIntegration",
    integrations_pb2.GetIntegrationRequest,
    _INTEGRATION,
    "GET",
    _INTEGRATION_PATH,
    "git.read",
)
_repository = Method(
    repositories_pb2_grpc.RepositoryServiceStub,
    "GetRepository",
    repositories_pb2.GetRepositoryRequest,
    {**_INTEGRATION, "repo_id": WIDGETS},
    "GET",
    _REPOSITORY_PATH,
    "git.read",
)
_link = Method(
    projects_pb2_grpc.ProjectRepositoryServiceStub,
    "GetProjectRepository",
    projects_pb2.GetProjectRepositoryRequest,
    {**_ORGANIZATION, "project_id": "{linked}"},
    "GET",
    _LINKED,
    "git.read",
)
_connection = Method(
    connections_pb2_grpc.ConnectionServiceStub,
    "ListConnections",
    connections_pb2.ListConnectionsRequest,
    {"provider": "{provider}"},
    "GET",
    "/user/git-connections",
    "git.read",
    query={"provider": "{provider}"},
    wrong=Wrong({"provider": "x" * 65}, "provider", {"provider": "x" * 65}),
    of_user=True,
    missing={"provider": "gitlab"},
)
_event = Method(
    webhook_events_pb2_grpc.WebhookEventServiceStub,
    "GetWebhookEvent",
    webhook_events_pb2.GetWebhookEventRequest,
    {**_ORGANIZATION, "event_id": "{event}"},
    "GET",
    _EVENT_PATH,
    "git.read",
    missing={"event": NOWHERE},
)
_BAD_PAGE = Wrong({"page_token": "ü"}, "page_token", {"cursor": "ü"})
_BAD_LINK = Wrong(
    {"choices": projects_pb2.LinkChoices(default_branch=_BAD_BRANCH)},
    "default_branch",
    {},
    {"default_branch": _BAD_BRANCH},
)
METHODS = [
    *CONTENT_METHODS,
    *RULE_METHODS,
    *AUTHOR_METHODS,
    *ACTIVITY_METHODS,
    *TOKEN_METHODS,
    _integration,
    replace(
        _integration,
        name="ListIntegrations",
        request=integrations_pb2.ListIntegrationsRequest,
        fields=_ORGANIZATION,
        path="/git-integrations",
    ),
    replace(
        _integration,
        name="DisconnectIntegration",
        request=integrations_pb2.DisconnectIntegrationRequest,
        verb="DELETE",
        scope="git.admin",
    ),
    replace(
        _integration,
        name="SyncIntegration",
        request=integrations_pb2.SyncIntegrationRequest,
        verb="POST",
        path=f"{_INTEGRATION_PATH}/sync",
        scope="git.link",
    ),
    replace(
        _integration,
        name="ListVersions",
        request=integrations_pb2.ListVersionsRequest,
        path=f"{_INTEGRATION_PATH}/versions",
        scope="git.admin",
        wrong=_BAD_PAGE,
    ),
    _repository,
    replace(
        _repository,
        name="ListRepositories",
        request=repositories_pb2.ListRepositoriesRequest,
        fields=_INTEGRATION,
        path=f"{_INTEGRATION_PATH}/repos",
        wrong=_BAD_PAGE,
    ),
    replace(
        _repository,
        name="ListBranches",
        request=repositories_pb2.ListBranchesRequest,
        path=f"{_REPOSITORY_PATH}/branches",
        wrong=Wrong({"page_size": 101}, "page_size", {"limit": "101"}),
        asks_provider=True,
    ),
    replace(
        _link,
        name="ListProjects",
        request=projects_pb2.ListProjectsRequest,
        fields=_ORGANIZATION,
        path="/projects",
        wrong=_BAD_PAGE,
    ),
    replace(
        _link,
        name="GetProject",
        request=projects_pb2.GetProjectRequest,
        path="/projects/{linked}",
        wrong=Wrong({"project_id": "x"}, "project_id"),
    ),
    _link,
    replace(
        _link,
        name="LinkProjectRepository",
        request=projects_pb2.LinkProjectRepositoryRequest,
        fields={**_ORGANIZATION, "project_id": "{project}", "repo_id": WIDGETS},
        verb="POST",
        path="/projects/{project}/repository",
        body={"repo_id": WIDGETS},
        scope="git.link",
        wrong=_BAD_LINK,
    ),
    replace(
        _link,
        name="UpdateProjectRepository",
        request=projects_pb2.UpdateProjectRepositoryRequest,
        fields={**_ORGANIZATION, "project_id": "{linked}", "choices": projects_pb2.LinkChoices(webhooks_enabled=False)},
        verb="PATCH",
        body={"webhooks_enabled": False},
        scope="git.link",
        wrong=_BAD_LINK,
    ),
    replace(
        _link,
        name="UnlinkProjectRepository",
        request=projects_pb2.UnlinkProjectRepositoryRequest,
        verb="DELETE",
        scope="git.link",
        wrong=Wrong({"link_id": "1"}, "link_id", query={"link_id": "1"}),
    ),
    replace(
        _link,
        name="ImportRepository",
        request=projects_pb2.ImportRepositoryRequest,
        fields={**_ORGANIZATION, "repo_id": GADGETS, "name": "Imported"},
        verb="POST",
        path="/projects/import",
        body={"repo_id": GADGETS, "name": "Imported"},
        scope="git.link",
        wrong=_BAD_LINK,
    ),
    _connection,
    replace(
        _connection,
        name="DisconnectConnection",
        request=connections_pb2.DisconnectConnectionRequest,
        verb="DELETE",
        path="/user/git-connections/{provider}",
        scope="git.admin",
        query={},
        wrong=Wrong({"provider": ""}, "provider"),
    ),
    replace(
        _event,
        name="ListWebhookEvents",
        request=webhook_events_pb2.ListWebhookEventsRequest,
        fields={**_ORGANIZATION, "provider": "{provider}"},
        path="/git-webhook-events",
        query={"provider": "{provider}"},
        wrong=_BAD_PAGE,
        missing={"provider": "gitlab"},
    ),
    _event,
    replace(
        _event,
        name="GetWebhookEventPayload",
        request=webhook_events_pb2.GetWebhookEventPayloadRequest,
        verb=None,
        scope="git.admin",
    ),
    replace(
        _event,
        name="RetryWebhookEvent",
        request=webhook_events_pb2.RetryWebhookEventRequest,
        verb="POST",
        path=f"{_EVENT_PATH}/retry",
        scope="git.admin",
    ),
    replace(
        _event,
        name="RetryWebhookEvents",
        request=webhook_events_pb2.RetryWebhookEventsRequest,
        fields={**_ORGANIZATION, "provider": "{provider}", "status": webhook_events_pb2.WEBHOOK_EVENT_STATUS_FAILED},
        verb="POST",
        path="/git-webhook-events/retry",
        scope="git.admin",
        body={"status": "failed", "provider": "{provider}"},
        wrong=Wrong({"page_token": "ü"}, "page_token", {}, {"cursor": "ü"}),
        missing={"provider": "gitlab"},
    ),
    Method(
        attributions_pb2_grpc.AttributionServiceStub,
        "ListAttributions",
        attributions_pb2.ListAttributionsRequest,
        _ORGANIZATION,
        "GET",
        "/git-attributions",
        "git.read",
        wrong=_BAD_PAGE,
    ),
    Method(
        events_pb2_grpc.EventServiceStub,
        "StreamEvents",
        events_pb2.StreamEventsRequest,
        _ORGANIZATION,
        "GET",
        "/events",
        "git.events",
        wrong=Wrong({"cursor": "x"}, None, {"cursor": "x"}),
        streams=True,
    ),
    Method(
        attributions_pb2_grpc.AttributionServiceStub,
        "ResolveCommitAuthors",
        attributions_pb2.ResolveCommitAuthorsRequest,
        {**_ORGANIZATION, "repo_id": WIDGETS, "shas": ["5c1e" * 10]},
        None,
        "",
        "git.read",
        wrong=Wrong({"shas": ["main"]}, "shas"),
    ),
]
