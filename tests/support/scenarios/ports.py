"""Adapters in memory for every port. A test passes those that it is about."""

import base64
from typing import Any

from adapters.oso_policy.authorizer import OsoAuthorizer
from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from entrypoints.bootstrap.ports import Ports
from testing.builders.entities import PROVIDER, now
from testing.memory.clock import SettableClock
from testing.memory.database import MemoryDatabase
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.directory import MemoryDirectory
from testing.memory.exclusion import MemoryExclusion
from testing.memory.metrics import MemoryMetrics
from testing.memory.unit_of_work import MemoryUnitOfWork
from tests.support.builders.webhooks import protocol
from tests.support.scenarios.processing import AlertBook, Bell

AUTHORIZER = OsoAuthorizer()
KEYS = [("k1", Secret(base64.b64encode(bytes(32)).decode()))]


def build_ports(database: MemoryDatabase | None = None, **adapters: Any) -> Ports:
    """Return adapters on these tables, or on empty ones, with the given adapters in their places."""
    database = database or MemoryDatabase(now)
    defaults: dict[str, Any] = {
        "unit_of_work": MemoryUnitOfWork(database),
        "directory": MemoryDirectory(database),
        "authorizer": AUTHORIZER,
        "delivery_log": MemoryDeliveryLog(database),
        "worker_notifier": Bell(),
        "exclusion": MemoryExclusion(database),
        "protocols": {PROVIDER: protocol()},
        "providers": {},
        "cipher": AesGcmCipher(KEYS),
        "clock": SettableClock(now()),
        "metrics": MemoryMetrics(),
        "alerts": AlertBook(),
    }
    return Ports(**(defaults | adapters))
