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
            application.integrations.list,
            application.integrations.show,
            application.integrations.disconnect,
            application.catalog.request_sync,
            application.integrations.list_versions,
        ),
        server,
    )
    repositories_pb2_grpc.add_RepositoryServiceServicer_to_server(
        Repositories(
            application.catalog.list_repositories,
            application.catalog.show_repository,
            application.catalog.list_branches,
        ),
        server,
    )
    projects_pb2_grpc.add_ProjectRepositoryServiceServicer_to_server(
        ProjectRepositories(
            application.links.list_projects,
            application.links.show_project,
            application.links.show,
            application.links.create,
            application.links.change,
            application.links.delete,
            application.links.import_repository,
        ),
        server,
    )
    connections_pb2_grpc.add_ConnectionServiceServicer_to_server(
        Connections(application.connections.list, application.connections.disconnect), server
    )
    webhook_events_pb2_grpc.add_WebhookEventServiceServicer_to_server(
        WebhookEvents(
            application.events.list,
            application.events.show,
            application.events.show_payload,
            application.events.retry,
            application.events.retry_many,
        ),
        server,
    )
    attributions_pb2_grpc.add_AttributionServiceServicer_to_server(
        Attributions(application.attribution.list, application.attribution.resolve), server
    )
    events_pb2_grpc.add_EventServiceServicer_to_server(Events(application.stream_events), server)
    tokens_pb2_grpc.add_TokenServiceServicer_to_server(Tokens(application.tokens.issue_read_token), server)
