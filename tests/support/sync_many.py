"""Sync a catalog of ten thousand repositories in a process of its own, and tell its peak of memory.

Run with a database's URL; prints the outcome, how many were listed and written, and the peak in MiB.
"""

import asyncio
import resource
import sys
from collections.abc import AsyncGenerator

from adapters.memory.provider import FakeProvider
from adapters.system.clock import SystemClock
from core.domain.identifiers import RepoId
from core.domain.notices import RepositoryFacts
from core.domain.provider import RepositoryPage
from core.domain.secret import Secret
from core.use_cases.catalog.access import ProviderAccess
from core.use_cases.catalog.sync import SyncCatalog
from tests.contract.postgres_world import PostgresWorld
from tests.support.builders import INSTALLATION, PROVIDER, now
from tests.support.catalog import MintedTokens

_REPOSITORIES = 10_000
_PAGE = 100


class ManyRepositories(FakeProvider):
    """Makes each page when it is asked for, as large as a provider's."""

    async def repositories(self, token: Secret) -> AsyncGenerator[RepositoryPage, None]:  # noqa: ARG002 - the port's
        """Return every page."""
        for start in range(0, _REPOSITORIES, _PAGE):
            page = tuple(_facts(number) for number in range(start, start + _PAGE))
            yield RepositoryPage(_REPOSITORIES, page)


def _facts(number: int) -> RepositoryFacts:
    name = f"acme-rockets/a-service-with-a-name-of-its-own-{number}"
    return RepositoryFacts(
        repo_id=RepoId(str(700_000_000 + number)),
        full_name=name,
        private=True,
        url=f"https://github.com/{name}",
        archived=False,
        fork=False,
        default_branch="main",
        description=f"What service number {number} is for, in as many words as people write. " * 2,
        language="Python",
        pushed_at=now(),
        updated_at=now(),
        whole=True,
    )


async def _sync(url: str) -> str:
    world, clock = PostgresWorld(url), SystemClock()
    provider = ManyRepositories(clock)
    provider.world.install(str(INSTALLATION))
    sync = SyncCatalog(
        world.unit_of_work, ProviderAccess({PROVIDER: provider}, MintedTokens(provider)), clock
    )
    report = await sync(await world.integration())
    await world.database.close()
    return f"{report.outcome.value} {report.listed} {report.written}"


if __name__ == "__main__":
    told = asyncio.run(_sync(sys.argv[1]))
    print(told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)  # noqa: T201 - read by the test
