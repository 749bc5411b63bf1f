import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from testing.builders.entities import build_repository, now, time_ago
from testing.contracts.store_stage import StoreStage


class CatalogStoreContract:
    """What every store of the catalog promises."""

    async def test_unknown_is_nothing(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.find_repositories([(IntegrationId(404), RepoId("1"))]) == []
            assert await tx.catalog.find_repositories([]) == []
            assert await tx.catalog.load_repositories(IntegrationId(404)) == []
            await tx.catalog.save_repositories([])

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """A row is read as it was written, all fields set, and again all of them empty."""
        integration = await stage.add_integration()
        full = build_repository(
            integration,
            full_name="Acme/Größe_42.js",
            url="https://github.com/acme/x",
            private=False,
            archived=True,
            fork=True,
            default_branch="trunk",
            description='"quoted", {braces} and a \\',
            language="C#",
            pushed_at=time_ago(minutes=1),
            provider_updated_at=time_ago(minutes=2),
            removed_at=time_ago(minutes=3),
            topics=("c-sharp", '"{odd}\\,'),
        )
        for row in (full, replace(full, topics=()), build_repository(integration)):
            async with stage.unit_of_work() as tx:
                await tx.catalog.save_repositories([row])
                await tx.commit()
            async with stage.unit_of_work() as tx:
                assert await tx.catalog.load_repositories(integration.id) == [row]

    async def test_exactly_these_rows_are_found(self, stage: StoreStage) -> None:
        """Pairs are meant as pairs, each row comes once, and removed ones are rows too."""
        item = await stage.add_integration()
        two = await stage.add_integration(provider_id="2")
        first = await stage.add_repositories(item, "1", "2", "3")
        second = await stage.add_repositories(two, "1", "2")
        async with stage.unit_of_work() as tx:
            removed = replace(first[2], removed_at=time_ago(minutes=1))
            await tx.catalog.save_repositories([removed])
            keys = [(item.id, RepoId("3")), (two.id, RepoId("1")), (two.id, RepoId("1")), (two.id, RepoId("3"))]
            found = await tx.catalog.find_repositories(keys)
            assert sorted(found, key=lambda row: row.repo_id) == [second[0], removed]

    async def test_rows_are_found_by_their_names(self, stage: StoreStage) -> None:
        """Without regard to case, of these integrations only, and none that was removed."""
        integration, other = await stage.add_integration(), await stage.add_integration(provider_id="2")
        found = build_repository(integration, "1", full_name="Acme/Widgets")
        others = [
            build_repository(integration, "2", full_name="acme/widgets", removed_at=time_ago(days=1)),
            build_repository(integration, "3", full_name="acme/gadgets"),
            build_repository(other, "4", full_name="acme/widgets"),
        ]
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories([found, *others])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            names = [(integration.id, "ACME/widgets"), (integration.id, "acme/none"), (other.id, "acme/gadgets")]
            assert await tx.catalog.find_repositories_by_name(names) == [found]
            assert await tx.catalog.find_repositories_by_name([]) == []

    async def test_last_of_several_wins(self, stage: StoreStage) -> None:
        """Of several rows for one key in one call the last is kept."""
        integration = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories(
                [build_repository(integration), build_repository(integration, archived=True)]
            )
            assert [row.archived for row in await tx.catalog.load_repositories(integration.id)] == [True]

    async def test_many_rows_at_once(self, stage: StoreStage) -> None:
        """A thousand rows, half of them new, are written in one call."""
        integration = await stage.add_integration()
        await stage.add_repositories(integration, *(str(number) for number in range(500)))
        rows = [build_repository(integration, str(number), fork=True) for number in range(1000)]
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories(rows)
            await tx.commit()
            stored = await tx.catalog.load_repositories(integration.id)
        assert sorted(stored, key=lambda row: int(row.repo_id)) == rows

    async def test_twenty_writers_of_the_same_rows(self, stage: StoreStage) -> None:
        """Writers of the same rows in different orders neither block each other for good nor mix rows."""
        integration = await stage.add_integration()

        async def save(number: int) -> None:
            rows = [
                build_repository(integration, repo_id, description=f"writer {number}")
                for repo_id in sorted("12345", reverse=bool(number % 2))
            ]
            async with stage.unit_of_work() as tx:
                await tx.catalog.save_repositories(rows)
                await tx.commit()

        await asyncio.gather(*(save(number) for number in range(20)))
        async with stage.unit_of_work() as tx:
            stored = await tx.catalog.load_repositories(integration.id)
        assert sorted(row.repo_id for row in stored) == list("12345")
        assert len({row.description for row in stored}) == 1

    async def test_what_was_written_since_is_left_alone(self, stage: StoreStage) -> None:
        """Only rows nobody wrote at that time or after are written, and the caller learns which."""
        integration = await stage.add_integration()
        await stage.add_repositories(integration, "1", "2")
        began_at = await _storage_time(stage, integration)
        await stage.add_repositories(integration, "2", "3")
        rows = [build_repository(integration, repo_id, archived=True) for repo_id in "1234"]
        async with stage.unit_of_work() as tx:
            written = await tx.catalog.save_repositories_not_written_since(began_at, [*rows, rows[0]])
            await tx.commit()
            stored = await tx.catalog.load_repositories(integration.id)
        assert sorted(written) == [(integration.id, "1"), (integration.id, "4")]
        assert {row.repo_id: row.archived for row in stored} == {"1": True, "2": False, "3": False, "4": True}

    async def test_writing_nothing_unless_written_writes_nothing(self, stage: StoreStage) -> None:
        """An empty list is valid."""
        async with stage.unit_of_work() as tx:
            assert not await tx.catalog.save_repositories_not_written_since(time_ago(minutes=1), [])

    async def test_who_writes_at_the_same_moment_is_waited_for(self, stage: StoreStage) -> None:
        """A row that someone is just writing counts as written since, though they began before."""
        integration = await stage.add_integration()
        await stage.add_repositories(integration, "1")
        async with stage.unit_of_work() as event:
            assert await event.event_queue.try_lock(0)
            began_at = await _storage_time(stage, integration)
            await event.catalog.save_repositories([build_repository(integration, removed_at=began_at)])

            async def sync() -> Collection[tuple[IntegrationId, RepoId]]:
                async with stage.unit_of_work() as tx:
                    row = build_repository(integration, archived=True)
                    written = await tx.catalog.save_repositories_not_written_since(began_at, [row])
                    await tx.commit()
                    return written

            waiting = asyncio.create_task(sync())
            await asyncio.sleep(0)
            await event.commit()
        assert not await waiting
        async with stage.unit_of_work() as tx:
            [row] = await tx.catalog.load_repositories(integration.id)
        assert row == build_repository(integration, removed_at=began_at)

    async def test_unlisted_rows(self, stage: StoreStage) -> None:
        """Only rows of this integration that are not removed and not listed, up to the limit."""
        item, two = await stage.add_integration(), await stage.add_integration(provider_id="2")
        rows = await stage.add_repositories(item, "1", "2", "3", "4")
        await stage.add_repositories(two, "5")
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories([replace(rows[0], removed_at=time_ago(minutes=1))])
            await tx.commit()
            listed = [RepoId("2"), RepoId("9")]
            found = await tx.catalog.list_unlisted_repositories(item.id, listed, limit=10)
            assert sorted(row.repo_id for row in found) == ["3", "4"]
            assert len(await tx.catalog.list_unlisted_repositories(item.id, listed, limit=1)) == 1
            assert len(await tx.catalog.list_unlisted_repositories(item.id, [], limit=10)) == 3


async def _storage_time(stage: StoreStage, integration: Integration) -> datetime:
    """Return the time of the storage, as a sync that begins now gets it."""
    async with stage.unit_of_work() as tx:
        claim = await tx.catalog.claim_sync(integration, owner=uuid4().hex, now=now(), until=now())
    assert claim is not None
    return claim.began_at
