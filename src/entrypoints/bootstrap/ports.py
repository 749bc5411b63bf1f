"""One adapter for each port."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.use_cases.events.housekeeping import Retention
from core.use_cases.tokens.token_refresher import Pause
from ports.encryption import Cipher
from ports.event_queue import DeliveryLog, WorkerNotifier
from ports.identity import Authorizer, Directory
from ports.provider import GitProvider
from ports.system import Alerts, Clock, Exclusion
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class Ports:
    """An adapter for each port, and the values that use cases are built with."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    delivery_log: DeliveryLog
    worker_notifier: WorkerNotifier
    exclusion: Exclusion
    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    public_url: str = ""
    """Where the provider sends browsers back to."""

    retention: Retention = field(default_factory=Retention)

    pause: Pause = asyncio.sleep
    """How use cases wait. Tests move the clock instead."""
