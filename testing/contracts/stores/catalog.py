import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from testing.builders.entities import a_repository, ago, now
from testing.contracts.world import World


class CatalogStoreContract:
    """What every store of the catalog promises."""

    async def test_unknown_is_nothing(self, world: World) -> None:
        """Looking for what is not there is no error."""
        async with world.unit_of_work() as tx:
            assert await tx.catalog.find_repositories([(IntegrationId(404), RepoId("1"))]) == []
            assert await tx.catalog.find_repositories([]) == []
            assert await tx.catalog.load_repositories(IntegrationId(404)) == []
            await tx.catalog.save_repositories([])

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
            topics=("c-sharp", '"{odd}\\,'),
        )
        for row in (full, replace(full, topics=()), a_repository(integration)):
            async with world.unit_of_work() as tx:
                await tx.catalog.save_repositories([row])
                await tx.commit()
            async with world.unit_of_work() as tx:
                assert await tx.catalog.load_repositories(integration.id) == [row]

    async def test_exactly_these_rows_are_found(self, world: World) -> None:
        """Pairs are meant as pairs, each row comes once, and removed ones are rows too."""
        one = await world.integration()
        two = await world.integration(provider_id="2")
        first = await world.repositories(one, "1", "2", "3")
        second = await world.repositories(two, "1", "2")
        async with world.unit_of_work() as tx:
            removed = replace(first[2], removed_at=ago(minutes=1))
            await tx.catalog.save_repositories([removed])
            keys = [(one.id, RepoId("3")), (two.id, RepoId("1")), (two.id, RepoId("1")), (two.id, RepoId("3"))]
            found = await tx.catalog.find_repositories(keys)
            assert sorted(found, key=lambda row: row.repo_id) == [second[0], removed]

    async def test_rows_are_found_by_their_names(self, world: World) -> None:
        """Without regard to case, of these integrations only, and none that was removed."""
        integration, other = await world.integration(), await world.integration(provider_id="2")
        found = a_repository(integration, "1", full_name="Acme/Widgets")
        others = [
            a_repository(integration, "2", full_name="acme/widgets", removed_at=ago(days=1)),
            a_repository(integration, "3", full_name="acme/gadgets"),
            a_repository(other, "4", full_name="acme/widgets"),
        ]
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories([found, *others])
            await tx.commit()
        async with world.unit_of_work() as tx:
            names = [(integration.id, "ACME/widgets"), (integration.id, "acme/none"), (other.id, "acme/gadgets")]
            assert await tx.catalog.find_repositories_by_name(names) == [found]
            assert await tx.catalog.find_repositories_by_name([]) == []

    async def test_last_of_several_wins(self, world: World) -> None:
        """Of several rows for one key in one call the last is kept."""
        integration = await world.integration()
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories([a_repository(integration), a_repository(integration, archived=True)])
            assert [row.archived for row in await tx.catalog.load_repositories(integration.id)] == [True]

    async def test_many_rows_at_once(self, world: World) -> None:
        """A thousand rows, half of them new, are written in one call."""
        integration = await world.integration()
        await world.repositories(integration, *(str(number) for number in range(500)))
        rows = [a_repository(integration, str(number), fork=True) for number in range(1000)]
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories(rows)
            await tx.commit()
            stored = await tx.catalog.load_repositories(integration.id)
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
                await tx.catalog.save_repositories(rows)
                await tx.commit()

        await asyncio.gather(*(save(number) for number in range(20)))
        async with world.unit_of_work() as tx:
            stored = await tx.catalog.load_repositories(integration.id)
        assert sorted(row.repo_id for row in stored) == list("12345")
        assert len({row.description for row in stored}) == 1

    async def test_what_was_written_since_is_left_alone(self, world: World) -> None:
        """Only rows nobody wrote at that time or after are written, and the caller learns which."""
        integration = await world.integration()
        await world.repositories(integration, "1", "2")
        began_at = await _storage_time(world, integration)
        await world.repositories(integration, "2", "3")
        rows = [a_repository(integration, repo_id, archived=True) for repo_id in "1234"]
        async with world.unit_of_work() as tx:
            written = await tx.catalog.save_repositories_not_written_since(began_at, [*rows, rows[0]])
            await tx.commit()
            stored = await tx.catalog.load_repositories(integration.id)
        assert sorted(written) == [(integration.id, "1"), (integration.id, "4")]
        assert {row.repo_id: row.archived for row in stored} == {"1": True, "2": False, "3": False, "4": True}

    async def test_writing_nothing_unless_written_writes_nothing(self, world: World) -> None:
        """An empty list is valid."""
        async with world.unit_of_work() as tx:
            assert not await tx.catalog.save_repositories_not_written_since(ago(minutes=1), [])

    async def test_who_writes_at_the_same_moment_is_waited_for(self, world: World) -> None:
        """A row that someone is just writing counts as written since, though they began before."""
        integration = await world.integration()
        await world.repositories(integration, "1")
        async with world.unit_of_work() as event:
            assert await event.event_queue.try_lock(0)
            began_at = await _storage_time(world, integration)
            await event.catalog.save_repositories([a_repository(integration, removed_at=began_at)])

            async def sync() -> Collection[tuple[IntegrationId, RepoId]]:
                async with world.unit_of_work() as tx:
                    row = a_repository(integration, archived=True)
                    written = await tx.catalog.save_repositories_not_written_since(began_at, [row])
                    await tx.commit()
                    return written

            waiting = asyncio.create_task(sync())
            await asyncio.sleep(0)
            await event.commit()
        assert not await waiting
        async with world.unit_of_work() as tx:
            [row] = await tx.catalog.load_repositories(integration.id)
        assert row == a_repository(integration, removed_at=began_at)

    async def test_unlisted_rows(self, world: World) -> None:
        """Only rows of this integration that are not removed and not listed, up to the limit."""
        one, two = await world.integration(), await world.integration(provider_id="2")
        rows = await world.repositories(one, "1", "2", "3", "4")
        await world.repositories(two, "5")
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories([replace(rows[0], removed_at=ago(minutes=1))])
            await tx.commit()
            listed = [RepoId("2"), RepoId("9")]
            found = await tx.catalog.list_unlisted_repositories(one.id, listed, limit=10)
            assert sorted(row.repo_id for row in found) == ["3", "4"]
            assert len(await tx.catalog.list_unlisted_repositories(one.id, listed, limit=1)) == 1
            assert len(await tx.catalog.list_unlisted_repositories(one.id, [], limit=10)) == 3


async def _storage_time(world: World, integration: Integration) -> datetime:
    """Return the time of the storage, as a sync that begins now gets it."""
    async with world.unit_of_work() as tx:
        claim = await tx.catalog.claim_sync(integration, owner=uuid4().hex, now=now(), until=now())
    assert claim is not None
    return claim.began_at
