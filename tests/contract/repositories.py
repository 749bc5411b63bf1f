import asyncio
from dataclasses import replace

from core.domain.identifiers import IntegrationId, RepoId
from tests.contract.world import World
from tests.support.builders import a_repository, ago


class RepositoryStoreContract:
    """What every store of the catalog promises."""

    async def test_unknown_is_nothing(self, world: World) -> None:
        """Looking for what is not there is no error."""
        async with world.unit_of_work() as tx:
            assert await tx.repositories.find_many([(IntegrationId(404), RepoId("1"))]) == []
            assert await tx.repositories.find_many([]) == []
            assert await tx.repositories.of_integration(IntegrationId(404)) == []
            await tx.repositories.save([])

    async def test_every_field_comes_back(self, world: World) -> None:
        """A row is read as it was written, all fields set, and again all of them empty."""
        integration = await world.integration()
        full = a_repository(
            integration,
            full_name="Acme/Größe_42.js",
            url="https://github.com/acme/x",
            private=False,
            archived=True,
            fork=True,
            default_branch="trunk",
            description='"quoted", {braces} and a \\',
            language="C#",
            pushed_at=ago(minutes=1),
            provider_updated_at=ago(minutes=2),
            removed_at=ago(minutes=3),
        )
        for row in (full, a_repository(integration)):
            async with world.unit_of_work() as tx:
                await tx.repositories.save([row])
                await tx.commit()
            async with world.unit_of_work() as tx:
                assert await tx.repositories.of_integration(integration.id) == [row]

    async def test_exactly_these_rows_are_found(self, world: World) -> None:
        """Pairs are meant as pairs, each row comes once, and removed ones are rows too."""
        one = await world.integration()
        two = await world.integration(provider_id="2")
        first = await world.repositories(one, "1", "2", "3")
        second = await world.repositories(two, "1", "2")
        async with world.unit_of_work() as tx:
            removed = replace(first[2], removed_at=ago(minutes=1))
            await tx.repositories.save([removed])
            keys = [
                (one.id, RepoId("3")),
                (two.id, RepoId("1")),
                (two.id, RepoId("1")),
                (two.id, RepoId("3")),
            ]
            found = await tx.repositories.find_many(keys)
            assert sorted(found, key=lambda row: row.repo_id) == [second[0], removed]

    async def test_last_of_several_wins(self, world: World) -> None:
        """Of several rows for one key in one call the last is kept."""
        integration = await world.integration()
        async with world.unit_of_work() as tx:
            await tx.repositories.save([a_repository(integration), a_repository(integration, archived=True)])
            assert [row.archived for row in await tx.repositories.of_integration(integration.id)] == [True]

    async def test_many_rows_at_once(self, world: World) -> None:
        """A thousand rows, half of them new, are written in one call."""
        integration = await world.integration()
        await world.repositories(integration, *(str(number) for number in range(500)))
        rows = [a_repository(integration, str(number), fork=True) for number in range(1000)]
        async with world.unit_of_work() as tx:
            await tx.repositories.save(rows)
            await tx.commit()
            stored = await tx.repositories.of_integration(integration.id)
        assert sorted(stored, key=lambda row: int(row.repo_id)) == rows

    async def test_twenty_writers_of_the_same_rows(self, world: World) -> None:
        """Writers of the same rows in different orders neither block each other for good nor mix rows."""
        integration = await world.integration()

        async def save(number: int) -> None:
            rows = [
                a_repository(integration, repo_id, description=f"writer {number}")
                for repo_id in sorted("12345", reverse=bool(number % 2))
            ]
            async with world.unit_of_work() as tx:
                await tx.repositories.save(rows)
                await tx.commit()

        await asyncio.gather(*(save(number) for number in range(20)))
        async with world.unit_of_work() as tx:
            stored = await tx.repositories.of_integration(integration.id)
        assert sorted(row.repo_id for row in stored) == list("12345")
        assert len({row.description for row in stored}) == 1
