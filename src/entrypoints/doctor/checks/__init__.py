"""The checks of `crewkit-git doctor`. `entrypoints.doctor` turns their results into findings."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.postgres.connection.database import Database
from adapters.system.clock import SystemClock
from entrypoints.bootstrap.outgoing import outgoing_of
from entrypoints.doctor.checks.adapters import adapter_checks
from entrypoints.doctor.checks.provider import provider_checks
from entrypoints.doctor.checks.queue import queue_checks
from entrypoints.doctor.checks.storage import storage_checks
from entrypoints.doctor.checks.tokens import token_checks
from entrypoints.doctor.environment import judge_settings
from entrypoints.doctor.findings import Check, Finding, ok
from entrypoints.settings.problem import Problem
from entrypoints.settings.settings import Settings

# Shorter than the time limit of a check, so that the check can report which call timed out.
_SILENCE_SECONDS = 6.0
_CONNECTIONS = 8


@asynccontextmanager
async def open_checks(
    settings: Settings, problems: Sequence[Problem], strays: Sequence[Problem] = ()
) -> AsyncIterator[list[Check]]:
    """Return every check. A check whose settings are missing or wrong reports that."""
    clock = SystemClock()

    async def look_at_settings() -> list[Finding]:
        return judge_settings(settings, problems, strays)

    async def describe_route() -> list[Finding]:
        return [ok("outgoing calls", outgoing_of(settings).description)]

    async with AsyncExitStack() as stack:
        database = None
        if settings.database_url:
            url = settings.database_url.reveal()
            database = Database(url, max_connections=_CONNECTIONS, timeout_seconds=_SILENCE_SECONDS)
            stack.push_async_callback(database.close)
        yield [
            Check("settings", look_at_settings, ""),
            *adapter_checks(settings),
            Check("outgoing calls", describe_route, ""),
            *storage_checks(settings, clock, database),
            *queue_checks(settings),
            *token_checks(settings),
            *provider_checks(settings, clock, database, stack),
        ]
