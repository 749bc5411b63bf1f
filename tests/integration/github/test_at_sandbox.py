"""The adapter at the sandbox while things go wrong there; what goes right is the contract suite's."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.github.addresses import GitHubUrls
from adapters.github.api.calls import Limits
from adapters.github.provider import GitHubApp, GitHubProvider
from core.domain.provider import AppRefused, InstallationAccess, InstallationGone, ProviderUnavailable, RateLimited
from core.domain.secret import Secret
from sandbox.faults import Fault, FaultKind
from tests.support.fakes.github import Time
from tests.support.servers.sandbox import RunningSandbox, running_sandbox

INSTALLATION = "41000001"


@pytest.fixture
async def sandbox(time: Time) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox that lives by the test's time."""
    async with running_sandbox() as running:
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
    limits = Limits(silence=0.2, whole=0.5)
    made = GitHubProvider(app, time, limits=limits, monotonic=time.monotonic, sleep=time.sleep)
    try:
        yield made
    finally:
        await made.close()


def break_(sandbox: RunningSandbox, kind: FaultKind, *, times: int | None = 1, **facts: float) -> None:
    """Let something go wrong."""
    sandbox.sandbox.faults.active.append(Fault(kind, times=times, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [700.0, -400.0, 86_400.0])
async def test_clocks_may_differ(seconds: float, sandbox: RunningSandbox, provider: GitHubProvider) -> None:
    """By minutes or a day, in either direction."""
    break_(sandbox, FaultKind.SKEWED_CLOCK, times=None, seconds=seconds)

    minted = await provider.mint_token(INSTALLATION)

    assert [page async for page in provider.repositories(InstallationAccess(INSTALLATION, minted.token))]


async def test_a_new_token_may_be_unknown_at_first(
    sandbox: RunningSandbox, provider: GitHubProvider, time: Time
) -> None:
    """It is shown again."""
    minted = await provider.mint_token(INSTALLATION)
    break_(sandbox, FaultKind.TOKEN_REFUSED, times=2)

    assert [page async for page in provider.repositories(InstallationAccess(INSTALLATION, minted.token))]
    assert time.slept == [1.0, 2.0]


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.HANG])
async def test_a_moment_of_trouble_is_not_noticed(
    kind: FaultKind, sandbox: RunningSandbox, provider: GitHubProvider
) -> None:
    """Errors and silence alike."""
    break_(sandbox, kind, times=2)

    assert (await provider.installation(INSTALLATION)).provider_id == INSTALLATION


async def test_a_long_trouble_ends_by_itself(sandbox: RunningSandbox, provider: GitHubProvider, time: Time) -> None:
    """Ten minutes of errors, and nobody has to restart anything."""
    break_(sandbox, FaultKind.ERROR, times=None)
    while time.monotonic() < 600:
        with pytest.raises(ProviderUnavailable):
            await provider.installation(INSTALLATION)
        time.pass_by(5)
    sandbox.sandbox.faults.active.clear()
    time.pass_by(60)

    assert (await provider.installation(INSTALLATION)).provider_id == INSTALLATION


@pytest.mark.parametrize("kind", [FaultKind.PRIMARY_LIMIT, FaultKind.SECONDARY_LIMIT])
async def test_a_limit_is_waited_out(
    kind: FaultKind, sandbox: RunningSandbox, provider: GitHubProvider, time: Time
) -> None:
    """Nothing is asked before its end."""
    access = InstallationAccess(INSTALLATION, (await provider.mint_token(INSTALLATION)).token)
    break_(sandbox, kind, seconds=120)
    with pytest.raises(RateLimited) as limited:
        _ = [page async for page in provider.repositories(access)]
    assert limited.value.until - time.now() == timedelta(seconds=120)

    with pytest.raises(RateLimited):
        _ = [page async for page in provider.repositories(access)]
    time.pass_by(120)

    assert [page async for page in provider.repositories(access)]


async def test_a_refused_key_says_nothing_of_installations(sandbox: RunningSandbox, provider: GitHubProvider) -> None:
    """While one that is really gone is gone."""
    with pytest.raises(InstallationGone):
        await provider.mint_token("999")
    break_(sandbox, FaultKind.KEY_REFUSED, times=None)

    for provider_id in (INSTALLATION, "999"):
        with pytest.raises(AppRefused):
            await provider.mint_token(provider_id)
