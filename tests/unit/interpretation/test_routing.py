"""Which events are processed, by their integration."""

from dataclasses import replace

import pytest

from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.integrations.integration import Integration
from core.domain.provider_events import (
    AccountRenamed,
    InstallationChanged,
    InstallationStep,
    ProviderEvent,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryStep,
    Unhandled,
)
from tests.support.builders.domain import (
    ACCOUNT,
    CONNECTION,
    CREATED_ON_REQUEST,
    EVENT,
    FACTS,
    INSTALLED,
    INTEGRATION,
    LISTED,
    PULL_REQUEST,
    PUSH,
    REVOKED,
    SUSPENDED_BY_PROVIDER,
    SUSPENDED_BY_US,
    view,
)

OF_AN_INSTALLATION: list[ProviderEvent] = [
    PUSH,
    PULL_REQUEST,
    *(InstallationChanged(step, INSTALLED) for step in InstallationStep),
    RepositoriesChanged("selected", added=(LISTED,)),
    RepositoriesChanged("selected", removed=(LISTED,)),
    AccountRenamed(ACCOUNT, "acme-rockets-aero", None),
    *(RepositoryChanged(step, FACTS) for step in RepositoryStep),
    Unhandled("event_not_handled"),
]


def kind_and_step(provider_event: ProviderEvent) -> str:
    """Name a notice by its kind and step."""
    step = getattr(provider_event, "step", None)
    return f"{type(provider_event).__name__} {step.value}" if step else type(provider_event).__name__


@pytest.mark.parametrize("provider_event", OF_AN_INSTALLATION, ids=kind_and_step)
def test_ignores_an_event_without_an_installation(provider_event: ProviderEvent) -> None:
    """With its reason."""
    ignored = interpret(replace(EVENT, source_key=None), provider_event, view(None))
    reason = "event_not_handled" if isinstance(provider_event, Unhandled) else "no_installation"
    assert (ignored.status, ignored.reason) == (EventStatus.IGNORED, reason)
    assert ignored.verdicts == (Verdict("event", Outcome.IGNORED, reason),)
    assert ignored.to_result(EVENT, None).integration_id is None


def test_ignores_a_ping() -> None:
    """It has no installation, and its own reason."""
    assert interpret(replace(EVENT, source_key=None), Unhandled("ping"), view(None)).reason == "ping"


@pytest.mark.parametrize("provider_event", OF_AN_INSTALLATION, ids=kind_and_step)
def test_event_of_an_unknown_installation_stays_unrouted(provider_event: ProviderEvent) -> None:
    """Without an integration or an effect."""
    waiting = interpret(EVENT, provider_event, view(None))
    assert (waiting.status, waiting.reason) == (EventStatus.UNROUTED, "installation_unknown")
    assert (waiting.verdicts, waiting.domain_events, waiting.integration) == ((), (), None)
    settled = waiting.to_result(EVENT, None)
    assert (settled.integration_id, settled.link_id, settled.project_ids) == (None, None, ())


@pytest.mark.parametrize("provider_event", [*OF_AN_INSTALLATION, CREATED_ON_REQUEST], ids=kind_and_step)
def test_ignores_events_of_a_revoked_integration(provider_event: ProviderEvent) -> None:
    """Installation ids are never reused, so the event is late."""
    ignored = interpret(EVENT, provider_event, view(REVOKED))
    assert (ignored.status, ignored.reason) == (EventStatus.IGNORED, "integration_revoked")
    assert ignored.verdicts == (
        Verdict("integration", Outcome.IGNORED, "integration_revoked", str(REVOKED.external_id)),
    )
    assert (ignored.integration, ignored.repositories, ignored.links, ignored.domain_events) == (None, (), (), ())
    assert ignored.to_result(EVENT, REVOKED).integration_id == REVOKED.id


@pytest.mark.parametrize("suspended", [SUSPENDED_BY_US, SUSPENDED_BY_PROVIDER], ids=["by us", "by provider"])
@pytest.mark.parametrize("provider_event", [PUSH, PULL_REQUEST], ids=kind_and_step)
def test_processes_events_of_a_suspended_integration(suspended: Integration, provider_event: ProviderEvent) -> None:
    """A suspension stops only calls to GitHub."""
    interpretation = interpret(EVENT, provider_event, view(suspended))
    assert (interpretation.status, len(interpretation.domain_events), interpretation.integration) == (
        EventStatus.PROCESSED,
        1,
        None,
    )


@pytest.mark.parametrize("integration", [INTEGRATION, SUSPENDED_BY_US], ids=["active", "suspended"])
def test_ignores_other_events_with_their_reason(integration: Integration) -> None:
    """They are stored for their integration."""
    ignored = interpret(EVENT, Unhandled("event_not_handled"), view(integration, connection=CONNECTION))
    assert (ignored.status, ignored.reason) == (EventStatus.IGNORED, "event_not_handled")
    assert ignored.to_result(EVENT, integration).integration_id == integration.id
    assert (ignored.domain_events, ignored.connection) == ((), None)
