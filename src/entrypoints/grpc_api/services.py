"""The gRPC services."""

import grpc

from core.application import Application
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
    tokens_pb2,
    tokens_pb2_grpc,
    webhook_events_pb2,
    webhook_events_pb2_grpc,
)
from entrypoints.grpc_api.attributions import Attributions
from entrypoints.grpc_api.connections import Connections
from entrypoints.grpc_api.events import Events
from entrypoints.grpc_api.integrations import Integrations
from entrypoints.grpc_api.projects import ProjectRepositories
from entrypoints.grpc_api.repositories import Repositories
from entrypoints.grpc_api.tokens import Tokens
from entrypoints.grpc_api.webhook_events import WebhookEvents

NAMES = tuple(
    service.full_name
    for file in (
        attributions_pb2,
        connections_pb2,
        events_pb2,
        integrations_pb2,
        projects_pb2,
        repositories_pb2,
        tokens_pb2,
        webhook_events_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
)
"""The full service names, for health and reflection."""


def add_services(application: Application, server: grpc.aio.Server) -> None:
    """Register all services with the server."""
    integrations_pb2_grpc.add_IntegrationServiceServicer_to_server(
        Integrations(
            application.list_integrations,
            application.show_integration,
            application.disconnect_integration,
            application.request_sync,
            application.list_versions,
        ),
        server,
    )
    repositories_pb2_grpc.add_RepositoryServiceServicer_to_server(
        Repositories(application.list_repositories, application.show_repository, application.list_branches),
        server,
    )
    projects_pb2_grpc.add_ProjectRepositoryServiceServicer_to_server(
        ProjectRepositories(
            application.list_projects,
            application.show_project,
            application.show_link,
            application.link_repository,
            application.change_link,
            application.unlink_repository,
            application.import_repository,
        ),
        server,
    )
    connections_pb2_grpc.add_ConnectionServiceServicer_to_server(
        Connections(application.list_connections, application.disconnect_account), server
    )
    webhook_events_pb2_grpc.add_WebhookEventServiceServicer_to_server(
        WebhookEvents(
            application.list_organization_events,
            application.show_organization_event,
            application.show_organization_payload,
            application.retry_organization_event,
            application.retry_organization_events,
        ),
        server,
    )
    attributions_pb2_grpc.add_AttributionServiceServicer_to_server(
        Attributions(application.list_attributions, application.resolve_commit_authors), server
    )
    events_pb2_grpc.add_EventServiceServicer_to_server(Events(application.stream_events), server)
    tokens_pb2_grpc.add_TokenServiceServicer_to_server(Tokens(application.issue_read_token), server)
