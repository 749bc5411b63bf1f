import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.domain.idempotency import IdempotencyKey, IdempotencyKeyReused, IdempotentRequest
from core.domain.identifiers import OrganizationId, ProjectId
from core.domain.organizations import Project, Role
from testing.builders.entities import now
from testing.contracts.store_stage import StoreStage


@dataclass(frozen=True, slots=True)
class Done:
    """What a request came to, with all sorts of values in it."""

    project: Project
    role: Role | None
    settings: Mapping[str, Any]
    names: tuple[str, ...] = ()


DONE = Done(
    Project(ProjectId(7), UUID(int=7), OrganizationId(1), "Größe 🚀", now()),
    Role.ADMIN,
    {"root_directory": "apps/web", "list": [1, None]},
    ("a", "b"),
)


class IdempotencyStoreContract:
    """What every store of idempotency keys promises."""

    async def test_the_second_request_gets_the_first_result(self, stage: StoreStage) -> None:
        """Every value of the result comes back, in another transaction."""
        request = await _request(stage)
        assert await _begin(stage, request) is None
        assert await _begin(stage, request) == DONE

    async def test_another_request_under_the_key_is_refused(self, stage: StoreStage) -> None:
        """And the first one's result stays."""
        request = await _request(stage)
        await _begin(stage, request)
        with pytest.raises(IdempotencyKeyReused):
            await _begin(stage, replace(request, request_hash=b"other"))
        assert await _begin(stage, request) == DONE

    async def test_keys_are_the_actors_own_in_one_organization(self, stage: StoreStage) -> None:
        """The same text under another actor, organization or spelling is another key."""
        request, elsewhere = await _request(stage), await _request(stage)
        await _begin(stage, request)
        for other in (elsewhere, replace(request, actor="user:other"), replace(request, key=IdempotencyKey("ONE"))):
            assert await _begin(stage, other) is None

    async def test_what_was_not_committed_leaves_the_key_free(self, stage: StoreStage) -> None:
        """After a failure, the key can be used again, with the same or another request."""
        request = await _request(stage)
        async with stage.unit_of_work() as tx:
            assert await tx.idempotency.begin(request, Done) is None
            await tx.idempotency.store_result(request, DONE)
        assert await _begin(stage, replace(request, request_hash=b"other")) is None

    async def test_twenty_at_once_act_once(self, stage: StoreStage) -> None:
        """One acts; the others wait for it and get what it came to, or act where it failed."""
        request = await _request(stage)
        acted: list[int] = []

        async def race(number: int) -> Done | None:
            async with stage.unit_of_work() as tx:
                earlier = await tx.idempotency.begin(request, Done)
                if earlier is None:
                    acted.append(number)
                    if len(acted) == 1:
                        return None  # as if it had failed: not committed
                    await tx.idempotency.store_result(request, DONE)
                    await tx.commit()
                return earlier

        results = await asyncio.gather(*(race(number) for number in range(20)))
        assert len(acted) == 2
        assert [result for result in results if result is not None] == [DONE] * 18

    async def test_a_key_is_free_again_when_it_expires(self, stage: StoreStage) -> None:
        """From then on it may name another request."""
        request = await _request(stage)
        await _begin(stage, request)
        later = replace(request, request_hash=b"other", now=request.expires_at - timedelta(seconds=1))
        with pytest.raises(IdempotencyKeyReused):
            await _begin(stage, later)
        later = replace(later, now=request.expires_at)
        assert await _begin(stage, later) is None
        assert await _begin(stage, later) == DONE

    async def test_deletes_expired_keys(self, stage: StoreStage) -> None:
        """Deletes at most `limit` expired keys, and no valid key."""
        at = now()
        for number, age in enumerate((24, 25, 26, 1)):
            request = replace(await _request(stage, at - timedelta(hours=age)), actor=f"user:{number}")
            await _begin(stage, request)
        assert await _forget(stage, at, limit=2) == 2
        assert await _forget(stage, at, limit=2) == 1
        assert await _forget(stage, at, limit=2) == 0
        assert await _begin(stage, replace(request, now=at)) == DONE

    async def test_results_are_isolated(self, stage: StoreStage) -> None:
        """Changing a returned value does not change the stored value."""
        request = await _request(stage)
        await _begin(stage, request)
        first = await _begin(stage, request)
        assert first is not None
        first.settings["list"].append(2)
        assert await _begin(stage, request) == DONE


async def _request(stage: StoreStage, at: datetime | None = None) -> IdempotentRequest:
    organization = await stage.add_organization()
    return IdempotentRequest(organization.id, "user:mara", IdempotencyKey("one"), b"hash", at or now())


async def _begin(stage: StoreStage, request: IdempotentRequest) -> Done | None:
    """Do what the request asks for unless it was done."""
    async with stage.unit_of_work() as tx:
        earlier = await tx.idempotency.begin(request, Done)
        if earlier is None:
            await tx.idempotency.store_result(request, DONE)
        await tx.commit()
    return earlier


async def _forget(stage: StoreStage, at: datetime, *, limit: int) -> int:
    async with stage.unit_of_work() as tx:
        forgotten = await tx.idempotency.delete_expired(now=at, limit=limit)
        await tx.commit()
    return forgotten
