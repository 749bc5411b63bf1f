"""Connections through a pooler such as PgBouncer, which may give each transaction another server process.

In its transaction mode nothing of a session lasts: prepared statements, settings and session locks would
belong to a server process that other clients use next. So connections through a pooler do not use them.
"""

from typing import Any

import psycopg

# For cancelling, a pooler sends clients an invented number; PostgreSQL sends its process id.
BACKEND_PID = "SELECT pg_backend_pid()"


async def detect_pooler(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether the connection uses a pooler, and turn prepared statements off if so."""
    cursor = await connection.execute(BACKEND_PID)
    row = await cursor.fetchone()
    return adapt_to_pooler(connection, row[0] if row else None)


def adapt_to_pooler(connection: psycopg.AsyncConnection[Any], backend_pid: int | None) -> bool:
    """Do the same with a process id that PostgreSQL returned."""
    is_pooled = backend_pid != connection.pgconn.backend_pid
    if is_pooled:
        connection.prepare_threshold = None
    return is_pooled
