"""A sandbox for each test, and someone who receives its webhooks."""

from collections.abc import AsyncIterator

import pytest

from tests.support.fakes.webhook_receiver import Receiver, run_receiver
from tests.support.servers.sandbox import RunningSandbox, run_sandbox


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Receive what the sandbox delivers."""
    async with run_receiver() as running:
        yield running


@pytest.fixture
async def running(receiver: Receiver) -> AsyncIterator[RunningSandbox]:
    """Serve a new sandbox, whose webhooks go to the receiver."""
    async with run_sandbox(service_url=receiver.url) as sandbox:
        yield sandbox
