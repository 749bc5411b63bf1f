"""Rows of `git_integrations` (as `i`) as integrations: select `INTEGRATION_COLUMNS`, then call `to_integration`."""

from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.session import Row
from adapters.postgres.rows.sql import select_list
from core.domain.catalog.repository import Repository
from core.domain.identifiers import AccountId, IntegrationId, OrganizationId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason

NUMBER = {IntegrationStatus.ACTIVE: 0, IntegrationStatus.SUSPENDED: 1, IntegrationStatus.REVOKED: 2}
_STATUS = {number: status for status, number in NUMBER.items()}


class _IntegrationRow(NamedTuple):
    id: IntegrationId
    external_id: UUID
    organization_id: OrganizationId
    provider: str
    provider_id: str
    created_at: datetime
    updated_at: datetime
    provider_name: str | None
    provider_url: str | None
    account_id: AccountId | None
    account_type: str | None
    status: int
    status_reason: str | None
    status_changed_at: datetime | None
    repository_selection: str | None
    permissions: dict[str, str]
    settings: dict[str, Any]
    synced_at: datetime | None
    sync_requested_at: datetime | None
    uninstall_requested_at: datetime | None
    provider_updated_at: datetime | None
    sync_claimed_until: datetime | None
    sync_failures: int
    sync_error: str | None
    sync_retry_at: datetime | None


INTEGRATION_COLUMNS = select_list("i", _IntegrationRow._fields)

_row_decoder = msgspec.json.Decoder(_IntegrationRow)


def decode_integration(text: str) -> Integration:
    """Return the integration of a row of `INTEGRATION_COLUMNS` that is one JSON array."""
    return _to_domain(_row_decoder.decode(text))


def to_integration(row: Row) -> Integration:
    """Return the integration of a row of `INTEGRATION_COLUMNS`; the row may have other columns behind them."""
    return _to_domain(_IntegrationRow._make(row[: len(_IntegrationRow._fields)]))


def _to_domain(row: _IntegrationRow) -> Integration:
    return Integration(
        id=row.id,
        external_id=row.external_id,
        organization_id=row.organization_id,
        provider=row.provider,
        provider_id=row.provider_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        provider_name=row.provider_name,
        provider_url=row.provider_url,
        account_id=row.account_id,
        account_type=row.account_type,
        status=_STATUS[row.status],
        status_reason=StatusReason(row.status_reason) if row.status_reason else None,
        status_changed_at=row.status_changed_at,
        repository_selection=row.repository_selection,
        permissions=row.permissions,
        settings=row.settings,
        synced_at=row.synced_at,
        sync_requested_at=row.sync_requested_at,
        uninstall_requested_at=row.uninstall_requested_at,
        provider_updated_at=row.provider_updated_at,
        sync_claimed_until=row.sync_claimed_until,
        sync_failures=row.sync_failures,
        sync_error=row.sync_error,
        sync_retry_at=row.sync_retry_at,
    )


_FIELDS = [field.name for field in fields(Repository)]
REPOSITORY_WIDTH = len(_FIELDS)
REPOSITORY_COLUMNS = select_list(
    "r", _FIELDS, {"integration_id": SQL("r.git_integration_id"), "stored_visibility": SQL("r.visibility")}
)


def to_repository(row: Row) -> Repository:
    """Return the repository of a row of `REPOSITORY_COLUMNS`.

    The columns have the order of the fields, so the values are passed without names. A named tuple, as other
    rows have, would make each of the 50 rows of a list cost 1.8 instead of 0.6 µs.
    """
    *values, topics = row
    values.append(None if topics is None else tuple(topics))
    return Repository(*values)
