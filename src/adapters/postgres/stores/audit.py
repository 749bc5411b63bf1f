"""Audited entities, written by set-based statements with a version of each step, and the versions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from adapters.postgres.connection.packed_arrays import Bigints, Documents, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.codec import encode
from adapters.postgres.rows.mapping import RowMapping
from adapters.postgres.rows.sql import render_for_table
from core.domain.audit import AuditEntry, Change, Version, VersionId
from core.domain.identifiers import OrganizationId
from ports.versions import VersionStore


class Audited(Protocol):
    """The part of an entity that the audit trail needs."""

    @property
    def id(self) -> int:
        """The row's id."""

    @property
    def external_id(self) -> UUID:
        """The id in the audit trail."""


Entity = TypeVar("Entity", bound=Audited)
_WRITE_TIME = "updated_at"

_RECORD = """
    INSERT INTO versions (
        item_type, item_id, organization_id, provider, event, actor, request_id, changes
    )
    SELECT %s, v.item_id, v.organization_id, v.provider, v.event, v.actor, v.request_id, v.changes
    FROM unnest(
        %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[]
    ) AS v (item_id, organization_id, provider, event, actor, request_id, changes)
"""


# Only changed columns are written: other columns keep what a concurrent transaction wrote.
_UPDATE = """
    UPDATE {table} AS t
    SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(t, step.changes)),
        updated_at = now()
    FROM unnest(%s::bigint[], %s::jsonb[]) AS step (id, changes)
    WHERE t.id = step.id
"""
_INSERT = """
    INSERT INTO {table} ({columns}, updated_at)
    SELECT {columns}, now()
    FROM unnest(%s::jsonb[]) AS new (row), jsonb_populate_record(NULL::{table}, new.row)
"""
_DELETE = "DELETE FROM {table} WHERE id = ANY(%s::bigint[])"


class AuditedTable(Generic[Entity]):
    """One table and how its entities are written to it. Each write sets `updated_at`."""

    def __init__(self, item_type: str, table: str, rows: RowMapping[Entity]) -> None:
        self._item_type = item_type
        self._to_row = rows.to_row
        columns = [name for name in rows.stored if name != _WRITE_TIME]
        self._insert = render_for_table(_INSERT, table, columns)
        self._update = render_for_table(_UPDATE, table, columns)
        self._delete = render_for_table(_DELETE, table)

    async def apply(self, session: Session, changes: Sequence[Change[Entity]]) -> None:
        """Write the result of these steps, and a version of each.

        Raises `StorageConflict` if a row to change or delete does not exist.
        """
        if not changes:
            return
        inserted, updated, deleted = self._sum(changes)
        if deleted:
            await session.change_exactly(len(deleted), self._delete, (Bigints(deleted),))
        if updated:
            steps = (Bigints(list(updated)), Documents(list(updated.values())))
            await session.change_exactly(len(updated), self._update, steps)
        if inserted:
            await session.change(self._insert, (Documents(inserted),))
        await self._record(session, changes)

    def _sum(
        self, changes: Sequence[Change[Entity]]
    ) -> tuple[list[Mapping[str, Any]], dict[int, dict[str, Any]], list[int]]:
        """Join the steps of each entity into one: rows to insert, columns to update by id, ids to delete."""
        first: dict[int, Entity | None] = {}
        last: dict[int, Entity | None] = {}
        for change in changes:
            entity = change.after or change.before
            assert entity is not None  # a step has a beginning or an end
            first.setdefault(entity.id, change.before)
            last[entity.id] = change.after
        inserted: list[Mapping[str, Any]] = []
        updated: dict[int, dict[str, Any]] = {}
        deleted: list[int] = []
        for entity_id, after in last.items():
            before = first[entity_id]
            if before is None and after is not None:
                inserted.append(self._to_row(after))
            elif before is not None and after is not None:
                previous = self._to_row(before)
                updated[entity_id] = {
                    name: value for name, value in self._to_row(after).items() if value != previous[name]
                }
            elif before is not None:
                deleted.append(entity_id)
        return inserted, dict(sorted(updated.items())), sorted(deleted)

    async def _record(self, session: Session, changes: Sequence[Change[Entity]]) -> None:
        entities = [change.after or change.before for change in changes]
        await session.change(
            _RECORD,
            (
                self._item_type,
                Texts([str(entity.external_id) for entity in entities if entity]),
                Bigints([change.organization_id for change in changes]),
                Texts([change.provider for change in changes]),
                Texts([change.event for change in changes]),
                Texts([change.by.name for change in changes]),
                Texts([change.by.request_id for change in changes]),
                Documents([change.differences() for change in changes]),
            ),
        )


_SELECT = "SELECT id, item_type, item_id, event, actor, request_id, changes, created_at FROM versions"
_OF_ITEM = f"{_SELECT} WHERE item_type = %s AND item_id = %s ORDER BY id"
# Compared and ordered as pairs. With an equality for the organization, the planner might find the few versions of
# a quiet organization by reading the versions of all backwards.
OF_ORGANIZATION = f"""
    {_SELECT}
    WHERE (organization_id, id) < (%(organization_id)s, %(before)s) AND organization_id >= %(organization_id)s
        AND (provider = %(provider)s OR provider IS NULL)
    ORDER BY organization_id DESC, id DESC LIMIT %(limit)s
"""
_AFTER_ALL = 2**63 - 1
_RECORD_ACTION = """
    INSERT INTO versions (item_type, item_id, organization_id, provider, event, actor, request_id, changes)
    SELECT %(item_type)s, %(item_id)s, %(organization_id)s, %(provider)s, %(event)s, %(actor)s, %(request_id)s,
        %(changes)s::text::jsonb
    WHERE NOT EXISTS (
        SELECT FROM versions
        WHERE item_type = %(item_type)s AND item_id = %(item_id)s AND event = %(event)s AND actor = %(actor)s
            AND created_at >= %(since)s::timestamptz
    )
"""


class PostgresVersionStore(VersionStore):
    """The table `versions`, which `AuditedTable` writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, entry: AuditEntry, *, unless_since: datetime | None = None) -> None:
        """Store a version of an action, unless the actor has a recent one."""
        parameters = {
            "item_type": entry.item_type,
            "item_id": entry.item_id,
            "organization_id": entry.organization_id,
            "provider": entry.provider,
            "event": entry.event,
            "actor": entry.by.name,
            "request_id": entry.by.request_id,
            "changes": encode(entry.changes).decode(),
            "since": unless_since,
        }
        await self._session.change(_RECORD_ACTION, parameters)

    async def list_by_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first."""
        return [Version(*row) for row in await self._session.read(_OF_ITEM, (item_type, item_id))]

    async def list_by_organization(
        self, organization_id: OrganizationId, provider: str, *, limit: int, before: VersionId | None = None
    ) -> Sequence[Version]:
        """Return an organization's history with a provider, newest first."""
        parameters = {
            "organization_id": organization_id,
            "before": before or _AFTER_ALL,
            "provider": provider,
            "limit": limit,
        }
        return [Version(*row) for row in await self._session.read(OF_ORGANIZATION, parameters)]
