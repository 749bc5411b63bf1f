"""The suites of providers, on the one in memory and on GitHub's adapter at the sandbox."""

from collections.abc import AsyncIterator

import pytest

from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from core.domain.secret import Secret
from testing.contracts.provider.app import AppContract, ProviderStage
from testing.contracts.provider.contents import ContentContract
from testing.contracts.provider.installation import InstallationContract
from testing.contracts.provider.user import PersonContract
from tests.contract.provider_stages import MemoryStage
from tests.contract.sandbox_stage import SandboxStage
from tests.support.fakes.github import Time
from tests.support.servers.sandbox import run_sandbox


@pytest.fixture(params=["memory", "github"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[ProviderStage]:
    """Give a provider with our app on it."""
    if request.param == "memory":
        yield MemoryStage()
        return
    async with run_sandbox() as running:
        time = Time()
        app = GitHubApp(
            client_id=running.app.client_id,
            client_secret=Secret(running.app.client_secret),
            private_key=Secret(running.app.private_key),
            addresses=GitHubUrls(api=running.api_url, web=running.url),
        )
        provider = GitHubProvider(app, time, monotonic=time.monotonic, sleep=time.sleep)
        try:
            yield SandboxStage(running, provider, time)
        finally:
            await provider.close()


class TestApp(AppContract):
    """As our app."""


class TestContents(ContentContract):
    """Commits and files."""


class TestInstallation(InstallationContract):
    """With an installation's token."""


class TestPerson(PersonContract):
    """As a person."""
