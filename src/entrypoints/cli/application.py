"""Call the application from a command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.application import Application
from core.domain.actors import SystemActor
from entrypoints.bootstrap.application import configure_command, open_application
from entrypoints.cli.environment import read_settings
from entrypoints.cli.errors import readable_errors

OPERATOR = SystemActor("cli")

T = TypeVar("T")


def call_application(process: str, action: Callable[[Application], Awaitable[T]]) -> T:
    """Open the application with the settings of this process, and return what the action returns."""
    settings = read_settings(process)
    configure_command(settings)

    async def run() -> T:
        async with open_application(settings) as application:
            return await action(application)

    with readable_errors(settings.database_url):
        return asyncio.run(run())
