"""How audited entities are written: the steps themselves, and a version of each beside them."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from core.domain.audit import Change, Version, VersionId
from core.domain.errors import StorageConflict
from core.domain.tokens.lease import StoredTokens
from testing.memory.database import Session, State


class Audited(Protocol):
    """What the trail needs to know of an entity: it is a dataclass with these fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> Any:  # noqa: ANN401 - each entity has its own type of id
        """The row's id."""

    @property
    def external_id(self) -> UUID:
        """The id that the trail names it by."""


Entity = TypeVar("Entity", bound=Audited)


async def apply(
    session: Session,
    item_type: str,
    table: Callable[[State], dict[Any, Entity]],
    changes: Sequence[Change[Entity]],
    check: Callable[[State, Entity], None] | None = None,
) -> None:
    """Write these steps in order, each with its version; `check` rejects a row that conflicts with others.

    Raises `StorageConflict` where a row to change or delete is gone. A refusal dooms the transaction.
    """
    state = await session.writable()
    rows = table(state)
    for change in changes:
        with session.end_on_error():
            _step(session, rows, change)
            if check and change.after is not None:
                check(state, rows[change.after.id])
        await record(session, item_type, change)


async def record(session: Session, item_type: str, change: Change[Entity]) -> None:
    """Leave a version of one step."""
    state = await session.writable()
    entity = change.after or change.before
    assert entity is not None  # a step has a beginning or an end
    version = Version(
        id=VersionId(next(session.database.ids)),
        item_type=item_type,
        item_id=str(entity.external_id),
        event=change.event,
        actor=change.by.name,
        request_id=change.by.request_id,
        changes=change.differences(),
        created_at=session.database.now(),
    )
    state.versions[version.id] = version
    state.version_owners[version.id] = (change.organization_id, change.provider)


def _step(session: Session, rows: dict[Any, Entity], change: Change[Entity]) -> None:
    before, after = change.before, change.after
    if before is not None and before.id not in rows:
        raise StorageConflict("The object was changed or deleted by another request. Load it again, then try again.")
    if after is None:
        assert before is not None  # a step has a beginning or an end
        del rows[before.id]
    elif before is None:
        rows[after.id] = _stamp(session, deepcopy(after))
    else:
        # Only what the step changed: the rest may have been changed by someone else since it was read.
        changed = {
            name: deepcopy(getattr(after, name))
            for name in (field.name for field in fields(after))
            if getattr(after, name) != getattr(before, name)
        }
        rows[after.id] = _stamp(session, replace(rows[after.id], **changed))


def _stamp(session: Session, entity: Entity) -> Entity:
    return replace(entity, updated_at=session.database.now())


OwnerId = TypeVar("OwnerId")


def wipe(rows: dict[OwnerId, StoredTokens], owner_ids: Iterable[OwnerId]) -> None:
    """Delete tokens and leases, so that a response that is still awaited is not stored."""
    for owner_id in owner_ids:
        known = rows.get(owner_id, StoredTokens())
        rows[owner_id] = replace(known, generation=known.generation + 1, tokens=None, lease=None)
