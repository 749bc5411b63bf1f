"""The adapter at the sandbox while things go wrong there; what goes right is the contract suite's."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.github.api.limits import Limits
from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from core.domain.provider_errors import AppRefused, InstallationGone, ProviderUnavailable, RateLimited
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from sandbox.faults import Fault, FaultKind
from tests.support.fakes.github import Time
from tests.support.servers.sandbox import RunningSandbox, run_sandbox

INSTALLATION = "41000001"


@pytest.fixture
async def sandbox(time: Time) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox that lives by the test's time."""
    async with run_sandbox() as running:
        running.sandbox.clock = time.now
        yield running


@pytest.fixture
async def provider(sandbox: RunningSandbox, time: Time) -> AsyncIterator[GitHubProvider]:
    """Give the adapter, as our app is registered there."""
    app = GitHubApp(
        client_id=sandbox.app.client_id,
        client_secret=Secret(sandbox.app.client_secret),
        private_key=Secret(sandbox.app.private_key),
        app_id=str(sandbox.app.id),
        addresses=GitHubUrls(api=sandbox.api_url, web=sandbox.url),
    )
    limits = Limits(read_timeout=0.2, total_timeout=0.5)
    made = GitHubProvider(app, time, limits=limits, monotonic=time.monotonic, sleep=time.sleep)
    try:
        yield made
    finally:
        await made.close()


def break_(sandbox: RunningSandbox, kind: FaultKind, *, times: int | None = 1, **facts: float) -> None:
    """Let something go wrong."""
    sandbox.sandbox.faults.active.append(Fault(kind, times=times, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [700.0, -400.0, 86_400.0])
async def test_tolerates_different_clocks(seconds: float, sandbox: RunningSandbox, provider: GitHubProvider) -> None:
    """By minutes or a day, in either direction."""
    break_(sandbox, FaultKind.SKEWED_CLOCK, times=None, seconds=seconds)

    minted = await provider.mint_token(INSTALLATION)

    assert [page async for page in provider.list_repository_pages(InstallationAccess(INSTALLATION, minted.token))]


async def test_retries_a_new_token_that_github_does_not_know_yet(
    sandbox: RunningSandbox, provider: GitHubProvider, time: Time
) -> None:
    minted = await provider.mint_token(INSTALLATION)
    break_(sandbox, FaultKind.TOKEN_REFUSED, times=2)

    assert [page async for page in provider.list_repository_pages(InstallationAccess(INSTALLATION, minted.token))]
    assert time.slept == [1.0, 2.0]


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.HANG])
async def test_retries_short_failures(kind: FaultKind, sandbox: RunningSandbox, provider: GitHubProvider) -> None:
    """Errors and timeouts."""
    break_(sandbox, kind, times=2)

    assert (await provider.get_installation(INSTALLATION)).provider_id == INSTALLATION


async def test_recovers_after_a_long_outage(sandbox: RunningSandbox, provider: GitHubProvider, time: Time) -> None:
    """Ten minutes of errors, without a restart."""
    break_(sandbox, FaultKind.ERROR, times=None)
    while time.monotonic() < 600:
        with pytest.raises(ProviderUnavailable):
            await provider.get_installation(INSTALLATION)
        time.pass_by(5)
    sandbox.sandbox.faults.active.clear()
    time.pass_by(60)

    assert (await provider.get_installation(INSTALLATION)).provider_id == INSTALLATION


@pytest.mark.parametrize("kind", [FaultKind.PRIMARY_LIMIT, FaultKind.SECONDARY_LIMIT])
async def test_waits_for_the_end_of_a_rate_limit(
    kind: FaultKind, sandbox: RunningSandbox, provider: GitHubProvider, time: Time
) -> None:
    """No request is sent before."""
    access = InstallationAccess(INSTALLATION, (await provider.mint_token(INSTALLATION)).token)
    break_(sandbox, kind, seconds=120)
    with pytest.raises(RateLimited) as limited:
        _ = [page async for page in provider.list_repository_pages(access)]
    assert limited.value.until - time.now() == timedelta(seconds=120)

    with pytest.raises(RateLimited):
        _ = [page async for page in provider.list_repository_pages(access)]
    time.pass_by(120)

    assert [page async for page in provider.list_repository_pages(access)]


async def test_rejected_key_does_not_suspend_installations(sandbox: RunningSandbox, provider: GitHubProvider) -> None:
    """A deleted installation is still reported as gone."""
    with pytest.raises(InstallationGone):
        await provider.mint_token("999")
    break_(sandbox, FaultKind.KEY_REFUSED, times=None)

    for provider_id in (INSTALLATION, "999"):
        with pytest.raises(AppRefused):
            await provider.mint_token(provider_id)
