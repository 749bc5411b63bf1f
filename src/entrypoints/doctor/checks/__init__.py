"""The checks of `crewkit-git doctor`. `entrypoints.doctor` turns their results into findings."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.postgres.connection.database import Database
from adapters.system import SystemClock
from entrypoints.doctor.checks.provider import provider_checks
from entrypoints.doctor.checks.queue import queue_checks
from entrypoints.doctor.checks.settings import settings_checks
from entrypoints.doctor.checks.storage import storage_checks
from entrypoints.doctor.checks.tokens import token_checks
from entrypoints.doctor.findings import Check
from entrypoints.settings.problem import Problem
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings

# Shorter than the time limit of a check, so that the check can report which call timed out.
_SILENCE_SECONDS = 6.0
_CONNECTIONS = 8


@asynccontextmanager
async def open_checks(
    settings: Settings, problems: Sequence[Problem], unknown: Sequence[Problem] = ()
) -> AsyncIterator[list[Check]]:
    """Return every check. A check whose settings are missing or wrong reports that."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = None
        if settings.database_url:
            url = settings.database_url.reveal()
            database = Database(
                url, setting=f"{PREFIX}DATABASE_URL", max_connections=_CONNECTIONS, timeout_seconds=_SILENCE_SECONDS
            )
            stack.push_async_callback(database.close)
        yield [
            *settings_checks(settings, problems, unknown),
            *storage_checks(settings, clock, database),
            *queue_checks(settings),
            *token_checks(settings),
            *provider_checks(settings, clock, database, stack),
        ]
