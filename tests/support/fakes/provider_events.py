"""Webhooks with provider events of a test, processed when the test requests it."""

from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.provider_events import ProviderEvent
from core.domain.secret import Secret
from ports.event_queue import WorkerNotifier


class NoWorkerNotifier(WorkerNotifier):
    """Wakes nobody: the test drains by itself."""

    def notify(self, lane: int) -> None:
        """Do nothing."""

    async def notify_due(self, lanes: object) -> None:
        """Do nothing."""

    async def acknowledge(self, lane: int) -> None:
        """Do nothing."""


class ScriptedWebhooks(GitHubWebhooks):
    """Reads each body as the notice that was put under it."""

    def __init__(self) -> None:
        super().__init__([Secret("not used")])
        self.provider_events: dict[bytes, ProviderEvent] = {}

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:  # noqa: ARG002 - the port's signature
        """Return it."""
        return self.provider_events[body]
