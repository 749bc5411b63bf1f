"""Integration rows as they come from the database."""

from collections.abc import Callable
from datetime import datetime
from types import GenericAlias
from typing import Any
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.line import Row
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason

COLUMNS = SQL("""
    i.id, i.external_id, i.organization_id, i.provider, i.provider_id, i.created_at, i.updated_at,
    i.provider_name, i.provider_url, i.account_id, i.account_type, i.status, i.status_reason,
    i.status_changed_at, i.repository_selection, i.permissions, i.settings, i.synced_at,
    i.sync_requested_at, i.uninstall_requested_at, i.provider_updated_at, i.sync_claimed_until,
    i.sync_failures, i.sync_error, i.sync_retry_at
""")

NUMBER = {IntegrationStatus.ACTIVE: 0, IntegrationStatus.SUSPENDED: 1, IntegrationStatus.REVOKED: 2}
_STATUS = {number: status for status, number in NUMBER.items()}

# The columns again, for a row that comes as one JSON array.
_Time = datetime | None
_Text = str | None
_TYPES = (
    *(int, UUID, int, str, str, datetime, datetime, _Text, _Text, _Text, _Text, int, _Text, _Time, _Text),
    *(dict[str, Any], dict[str, Any], _Time, _Time, _Time, _Time, _Time, int, _Text, _Time),
)
_decode: Callable[[str], Row] = msgspec.json.Decoder(GenericAlias(tuple, _TYPES)).decode


def integration_told(text: str) -> Integration:
    """Return what a JSON array of `COLUMNS` says."""
    return integration_of(_decode(text))


def integration_of(row: Row) -> Integration:
    """Return what a row of `COLUMNS` says."""
    return Integration(
        id=row[0],
        external_id=row[1],
        organization_id=row[2],
        provider=row[3],
        provider_id=row[4],
        created_at=row[5],
        updated_at=row[6],
        provider_name=row[7],
        provider_url=row[8],
        account_id=row[9],
        account_type=row[10],
        status=_STATUS[row[11]],
        status_reason=StatusReason(row[12]) if row[12] else None,
        status_changed_at=row[13],
        repository_selection=row[14],
        permissions=row[15],
        settings=row[16],
        synced_at=row[17],
        sync_requested_at=row[18],
        uninstall_requested_at=row[19],
        provider_updated_at=row[20],
        sync_claimed_until=row[21],
        sync_failures=row[22],
        sync_error=row[23],
        sync_retry_at=row[24],
    )
