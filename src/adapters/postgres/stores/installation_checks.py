from collections.abc import Sequence
from datetime import datetime

from psycopg.sql import SQL, Composable

from adapters.postgres.connection.packed_arrays import Bigints, Texts, Timestamps
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.rows.integrations import INTEGRATIONS
from adapters.postgres.rows.sql import render
from core.domain.identifiers import EventId, IntegrationId
from core.domain.integrations.installation_checks import CHECK_INTERVAL, CheckBacklog, DueCheck, ReportedDeletion
from ports.installation_checks import InstallationCheckStore

# The drain runs on the schema of release 0.1.0 too, for the length of an upgrade.
_EXISTS = "SELECT to_regclass('git_installation_checks') IS NOT NULL"
_REQUEST = """
    INSERT INTO git_installation_checks (
        git_integration_id, event_id, delivery_id, requested_at, next_check_at
    )
    SELECT DISTINCT ON (integration_id) integration_id, event_id, delivery_id, received_at, received_at
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[])
        AS d (integration_id, event_id, delivery_id, received_at)
    ORDER BY integration_id, event_id DESC
    ON CONFLICT (git_integration_id) DO UPDATE
    SET event_id = excluded.event_id, delivery_id = excluded.delivery_id,
        requested_at = excluded.requested_at,
        next_check_at = least(excluded.next_check_at, git_installation_checks.next_check_at)
"""
_CLAIM = SQL("""
    WITH due AS ({due}),
    claimed AS (
        INSERT INTO git_installation_checks AS c (git_integration_id, next_check_at)
        SELECT id, %(until)s FROM due
        ON CONFLICT (git_integration_id) DO UPDATE SET next_check_at = excluded.next_check_at
        WHERE c.next_check_at <= %(now)s
        RETURNING c.git_integration_id, c.event_id, c.delivery_id, c.requested_at
    )
    SELECT {columns}, claimed.event_id, claimed.delivery_id, claimed.requested_at
    FROM claimed JOIN git_integrations AS i ON i.id = claimed.git_integration_id
    ORDER BY i.id
""")
_DUE_REQUESTED = SQL("""
    SELECT c.git_integration_id AS id
    FROM git_installation_checks AS c
    JOIN git_integrations AS i ON i.id = c.git_integration_id
    WHERE c.requested_at IS NOT NULL AND c.next_check_at <= %(now)s AND i.provider = %(provider)s
    ORDER BY c.next_check_at LIMIT %(limit)s
""")
_DAILY = SQL("""
    git_integrations AS i
    LEFT JOIN git_installation_checks AS c ON c.git_integration_id = i.id
    CROSS JOIN LATERAL (SELECT coalesce(c.next_check_at, i.created_at + %(interval)s) AS due_at) AS next
    WHERE i.provider = %(provider)s AND i.status <> 2 AND c.requested_at IS NULL
""")
_DUE_DAILY = SQL("SELECT i.id FROM {daily} AND due_at <= %(now)s ORDER BY due_at, i.id LIMIT %(limit)s").format(
    daily=_DAILY
)
_RESCHEDULE = "UPDATE git_installation_checks SET next_check_at = %s WHERE git_integration_id = %s"
# Whether a deletion was reported since the check began.
_OTHER = SQL("(c.event_id IS NOT NULL AND c.event_id IS DISTINCT FROM %(event_id)s::bigint)")
_COMPLETE = render(
    """
    INSERT INTO git_installation_checks AS c (git_integration_id, checked_at, next_check_at)
    VALUES (%(integration_id)s, %(checked_at)s, %(next_check_at)s)
    ON CONFLICT (git_integration_id) DO UPDATE
    SET checked_at = excluded.checked_at,
        next_check_at = CASE WHEN {other} THEN c.next_check_at ELSE excluded.next_check_at END,
        event_id = CASE WHEN {other} THEN c.event_id END,
        delivery_id = CASE WHEN {other} THEN c.delivery_id END,
        requested_at = CASE WHEN {other} THEN c.requested_at END
    """,
    other=_OTHER,
)
_BACKLOG = render(
    """
    SELECT count(*), count(*) FILTER (WHERE due_at <= %(now)s), min(due_at) FILTER (WHERE due_at <= %(now)s),
        max(c.checked_at)
    FROM {daily}
    """,
    daily=_DAILY,
)


def _claim(due: Composable) -> str:
    return _CLAIM.format(due=due, columns=INTEGRATIONS.columns).as_string()


_CLAIM_REQUESTED, _CLAIM_DAILY = _claim(_DUE_REQUESTED), _claim(_DUE_DAILY)


class PostgresInstallationCheckStore(InstallationCheckStore):
    """The table `git_installation_checks`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, deletions: Sequence[ReportedDeletion]) -> None:
        """Make checks due at once, in one statement."""
        [(exists,)] = await self._session.read(_EXISTS)
        if not exists:
            return
        await self._session.change(
            _REQUEST,
            (
                Bigints([deletion.integration_id for deletion in deletions]),
                Bigints([deletion.event_id for deletion in deletions]),
                Texts([deletion.delivery_id for deletion in deletions]),
                Timestamps([deletion.received_at for deletion in deletions]),
            ),
        )

    async def claim_requested(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks of reported deletions, over their own index."""
        wanted = {"provider": provider, "now": now, "until": until, "limit": limit}
        return [_due_check(row) for row in await self._session.write(_CLAIM_REQUESTED, wanted)]

    async def claim_daily(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks; reads all integrations of the provider, which are few."""
        wanted = {"provider": provider, "now": now, "until": until, "limit": limit, "interval": CHECK_INTERVAL}
        return [_due_check(row) for row in await self._session.write(_CLAIM_DAILY, wanted)]

    async def reschedule(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Set when the next check is due."""
        await self._session.change(_RESCHEDULE, (at, integration_id))

    async def complete(
        self, integration_id: IntegrationId, *, checked_at: datetime, next_check_at: datetime, event_id: EventId | None
    ) -> None:
        """Record a check; a deletion reported since stays due."""
        await self._session.change(
            _COMPLETE,
            {
                "integration_id": integration_id,
                "checked_at": checked_at,
                "next_check_at": next_check_at,
                "event_id": event_id,
            },
        )

    async def get_backlog(self, provider: str, *, now: datetime) -> CheckBacklog:
        """Return how many checks there are and how many are overdue."""
        wanted = {"provider": provider, "now": now, "interval": CHECK_INTERVAL}
        [(live, overdue, due_since, last)] = await self._session.read(_BACKLOG, wanted)
        return CheckBacklog(live, overdue, due_since, last)


def _due_check(row: Row) -> DueCheck:
    *values, event_id, delivery_id, requested_at = row
    integration = INTEGRATIONS.to_domain(values)
    if event_id is None:
        return DueCheck(integration)
    return DueCheck(integration, ReportedDeletion(integration.id, event_id, delivery_id, requested_at))
