"""What comes twice under one key is done once; keys are forgotten when their time is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.domain.actors import ServiceActor, UserActor
from core.domain.errors import DomainError, StorageConflict
from core.domain.idempotency import (
    LIFETIME,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    IdempotentRequest,
    build_idempotent_request,
    idempotency_key,
)
from core.domain.identifiers import OrganizationId, UserId
from core.use_cases.idempotency import DeleteExpiredKeys, IdempotentResult, run_once
from testing.builders.entities import now
from testing.memory.clock import SettableClock
from testing.memory.store_stage import MemoryStoreStage
from tests.support.builders.domain import external

MARA = UserActor(UserId(1), external(1))


@dataclass(frozen=True, slots=True)
class Made:
    """What acting comes to."""

    number: int


class Doing:
    """Something that counts how often it is done."""

    def __init__(self) -> None:
        self.world = MemoryStoreStage()
        self.count = 0
        self.refusal: DomainError | None = None

    async def __call__(self, request: IdempotentRequest | None) -> IdempotentResult[Made]:
        """Do it once."""
        async with self.world.unit_of_work() as tx:
            done = await run_once(tx, request, Made, self._act)
            await tx.commit()
        return done

    async def _act(self) -> Made:
        self.count += 1
        if self.refusal:
            raise self.refusal
        return Made(self.count)


def build_request(key: str | None = "one", *, at: int = 0, **facts: object) -> IdempotentRequest | None:
    """Return a request of Mara's."""
    return build_idempotent_request(
        None if key is None else idempotency_key(key),
        "make",
        facts,
        organization_id=OrganizationId(1),
        actor=MARA,
        now=now() + timedelta(hours=at),
    )


async def test_repeated_request_returns_the_first_result() -> None:
    """With a mark."""
    doing = Doing()
    assert await doing(build_request(name="a")) == IdempotentResult(Made(1))
    assert await doing(build_request(name="a")) == IdempotentResult(Made(1), is_replay=True)
    assert doing.count == 1


async def test_without_a_key_each_request_runs() -> None:
    doing = Doing()
    assert [(await doing(build_request(None))).result.number for _ in range(2)] == [1, 2]


async def test_rejects_another_request_under_the_key() -> None:
    """For any difference."""
    doing = Doing()
    await doing(build_request(name="a", root=None))
    for facts in ({"name": "b", "root": None}, {"name": "a", "root": ""}, {"name": "a"}):
        with pytest.raises(IdempotencyKeyReused):
            await doing(build_request(**facts))
    assert doing.count == 1


async def test_does_not_store_errors() -> None:
    """The next attempt may succeed."""
    doing = Doing()
    doing.refusal = StorageConflict("Try again.")
    with pytest.raises(StorageConflict):
        await doing(build_request())
    doing.refusal = None
    assert await doing(build_request()) == IdempotentResult(Made(2))


async def test_failed_commit_frees_the_key() -> None:
    doing = Doing()
    request = build_request()
    async with doing.world.unit_of_work() as tx:
        await run_once(tx, request, Made, doing._act)
        await doing.world.lose_storage()
        with pytest.raises(DomainError):
            await tx.commit()
    await doing.world.restore_storage()
    assert await doing(request) == IdempotentResult(Made(2))


@pytest.mark.parametrize(
    ("actor", "facts", "operation"),
    [
        (ServiceActor("deployer", frozenset()), {"name": "a"}, "make"),
        (ServiceActor("deployer", frozenset(), MARA), {"name": "a"}, "make"),
        (MARA, {"name": "a"}, "destroy"),
        (MARA, {"name": "a", "id": external(2)}, "make"),
    ],
)
def test_request_is_identified_by_caller_action_and_details(
    actor: UserActor | ServiceActor, facts: Mapping[str, object], operation: str
) -> None:
    key = idempotency_key("one")
    organization = OrganizationId(1)
    one = build_idempotent_request(key, "make", {"name": "a"}, organization_id=organization, actor=MARA, now=now())
    two = build_idempotent_request(key, operation, facts, organization_id=organization, actor=actor, now=now())
    assert one is not None
    assert two is not None
    assert (one.actor, one.request_hash) != (two.actor, two.request_hash)
    assert one.expires_at - one.now == LIFETIME


@pytest.mark.parametrize("text", ["", "a" * 256, "größe", "a\tb", "a\n", "\x7f"])
def test_rejects_invalid_keys(text: str) -> None:
    """Keys are short and printable."""
    with pytest.raises(IdempotencyKeyInvalid):
        idempotency_key(text)


@pytest.mark.parametrize("text", ["1", "a" * 255, '"8e03978e-40d5-43dd"', "a b~"])
def test_accepts_valid_keys(text: str) -> None:
    """Any printable ASCII, including quotes."""
    assert idempotency_key(text) == text


async def test_deletes_expired_keys() -> None:
    doing = Doing()
    for number in range(1001):
        await doing(build_request(f"old-{number}", at=-25))
    await doing(build_request("new", at=-23))
    forget = DeleteExpiredKeys(doing.world.unit_of_work, SettableClock(now()))
    assert await forget() == 1001
    assert await forget() == 0
    assert (await doing(build_request("new", at=-23))).is_replay
