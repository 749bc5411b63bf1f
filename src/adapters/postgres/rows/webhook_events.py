"""The ledger's rows as events; whoever selects `COLUMNS` from it (as `e`) gets them in this order."""

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.line import Row
from core.domain.events.event import Event, EventStatus, Verdict

# A source key that is a number, as at GitHub, is in `installation_id`; any other key is in `source_key`. The
# table of release 0.1.0 has no `source_key`: there the name means that of `absent`, which is null.
SOURCE_KEY = SQL("""
    coalesce(e.installation_id::text, (
        SELECT keyed.source_key
        FROM (VALUES (NULL::text)) AS absent (source_key)
        CROSS JOIN LATERAL (SELECT source_key FROM git_webhook_events AS w WHERE w.id = e.id) AS keyed
    ))
""")
COLUMNS = SQL("""
    e.id, e.provider, e.delivery_id, e.event_type, e.action, e.lane, {source_key}, e.status,
    e.attempts, e.next_attempt_at, e.created_at, e.repo_id, e.source, e.git_integration_id, e.project_ids,
    e.error_message, e.verdicts::text, e.processed_at, e.payload_length
""").format(source_key=SOURCE_KEY)
WIDTH = 19

_STATUS = {status.value: status for status in EventStatus}
_verdicts = msgspec.json.Decoder(tuple[Verdict, ...])


def event(row: Row) -> Event:
    """Return a row's event."""
    return Event(
        id=row[0],
        provider=row[1],
        delivery_id=row[2],
        event_type=row[3],
        action=row[4],
        lane=row[5],
        source_key=row[6],
        status=_STATUS[row[7]],
        attempts=row[8],
        next_attempt_at=row[9],
        created_at=row[10],
        repo_id=row[11],
        source=row[12],
        integration_id=row[13],
        project_ids=tuple(row[14] or ()),
        error_message=row[15],
        verdicts=_verdicts.decode(row[16]) if row[16] else (),
        processed_at=row[17],
        payload_length=row[18],
    )
