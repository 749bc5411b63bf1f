import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

from core.domain.identifiers import ProviderUserId
from core.domain.tokens.lease import EncryptedTokens
from core.domain.tokens.user_tokens import Revocation
from testing.builders.entities import PROVIDER, now
from testing.contracts.store_stage import StoreStage

_SOON = timedelta(minutes=2)


class RevocationContract:
    """What every store of revocations promises."""

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """A claimed revocation has all its fields."""
        revocation = await _add(stage)
        assert await _claim(stage) == [revocation]

    async def test_who_takes_one_has_it_alone_for_a_while(self, stage: StoreStage) -> None:
        """A claimed revocation has one holder until the claim ends."""
        revocation = {(await _add(stage)).id for _ in range(6)}
        claimed = await asyncio.gather(*(_claim(stage, limit=2) for _ in range(6)))
        assert sorted(item.id for some in claimed for item in some) == sorted(revocation)
        assert await _claim(stage) == []
        assert len(await _claim(stage, at=now() + 2 * _SOON)) == 6

    async def test_one_put_off_comes_later(self, stage: StoreStage) -> None:
        """With its attempts counted and newer tokens, and not before its time."""
        revocation = await _add(stage)
        await _claim(stage)
        newer = EncryptedTokens("newer", None, None)
        async with stage.unit_of_work() as tx:
            await tx.user_tokens.update_revocation(revocation.id, newer)
            await tx.user_tokens.postpone_revocation(revocation.id, attempts=3, at=now() + timedelta(hours=1))
            await tx.commit()
        assert await _claim(stage, at=now() + timedelta(minutes=50)) == []
        [later] = await _claim(stage, at=now() + timedelta(minutes=70))
        assert (later.attempts, later.tokens) == (3, newer)

    async def test_one_removed_is_gone(self, stage: StoreStage) -> None:
        """Deleting, updating and postponing a deleted revocation does nothing."""
        revocation = await _add(stage)
        async with stage.unit_of_work() as tx:
            for _ in range(2):
                await tx.user_tokens.delete_revocation(revocation.id)
                await tx.user_tokens.update_revocation(revocation.id, revocation.tokens)
                await tx.user_tokens.postpone_revocation(revocation.id, attempts=1, at=now())
            await tx.commit()
        assert await _claim(stage) == []

    async def test_a_grant_is_spared_unless_someone_is_at_it(self, stage: StoreStage) -> None:
        """Of one account alone; what is being ended just now cannot be spared any more."""
        mine, other = await _add(stage, "7"), await _add(stage, "8")
        assert await _spare(stage, "7")
        claimed = {item.id: item.whole_grant for item in await _claim(stage)}
        assert claimed == {mine.id: False, other.id: True}
        assert await _spare(stage, "7")
        assert not await _spare(stage, "8")
        assert await _spare(stage, "8", at=now() + 2 * _SOON)
        assert await _spare(stage, "9")


async def _add(stage: StoreStage, person: str = "7") -> Revocation:
    async with stage.unit_of_work() as tx:
        revocation = Revocation(
            id=await tx.user_tokens.next_revocation_id(),
            external_id=uuid4(),
            provider=PROVIDER,
            provider_user_id=ProviderUserId(person),
            whole_grant=True,
            tokens=EncryptedTokens("access", None, "refresh"),
            created_at=now(),
        )
        await tx.user_tokens.add_revocation(revocation)
        await tx.commit()
    return revocation


async def _claim(stage: StoreStage, *, at: datetime | None = None, limit: int = 10) -> list[Revocation]:
    at = at or now() + timedelta(seconds=5)
    async with stage.unit_of_work() as tx:
        claimed = await tx.user_tokens.claim_revocations(now=at, until=at + _SOON, limit=limit)
        await tx.commit()
    return list(claimed)


async def _spare(stage: StoreStage, person: str, *, at: datetime | None = None) -> bool:
    async with stage.unit_of_work() as tx:
        spared = await tx.user_tokens.exclude_grant_revocation(PROVIDER, ProviderUserId(person), now=at or now())
        await tx.commit()
    return spared
