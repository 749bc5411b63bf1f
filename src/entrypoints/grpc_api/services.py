"""The gRPC services."""

from collections.abc import Callable
from typing import Any

import grpc

from core.application import Application
from crewkit.git.v1 import (
    activity_pb2,
    activity_pb2_grpc,
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
from entrypoints.grpc_api.activity import Activity
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
        activity_pb2,
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


_SERVICES: tuple[tuple[Callable[[Any, grpc.aio.Server], None], Callable[[Application], object]], ...] = (
    (integrations_pb2_grpc.add_IntegrationServiceServicer_to_server, Integrations),
    (repositories_pb2_grpc.add_RepositoryServiceServicer_to_server, Repositories),
    (projects_pb2_grpc.add_ProjectRepositoryServiceServicer_to_server, ProjectRepositories),
    (connections_pb2_grpc.add_ConnectionServiceServicer_to_server, Connections),
    (webhook_events_pb2_grpc.add_WebhookEventServiceServicer_to_server, WebhookEvents),
    (attributions_pb2_grpc.add_AttributionServiceServicer_to_server, Attributions),
    (activity_pb2_grpc.add_ActivityServiceServicer_to_server, Activity),
    (events_pb2_grpc.add_EventServiceServicer_to_server, Events),
    (tokens_pb2_grpc.add_TokenServiceServicer_to_server, Tokens),
)


def add_services(application: Application, server: grpc.aio.Server) -> None:
    """Register all services with the server."""
    for add_servicer, servicer in _SERVICES:
        add_servicer(servicer(application), server)
