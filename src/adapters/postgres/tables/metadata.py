from sqlalchemy import BigInteger, Column, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import UUID

# PostgreSQL's own names for what is left unnamed, so that migrations in plain SQL need not name it either.
metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

Timestamp = DateTime(timezone=True)


# Marks a column whose values our cipher made: `table.column:external_id` is their context.
ENCRYPTED = {"encrypted": True}


def primary_key() -> Column[int]:
    """Return a `bigserial` primary key, which never leaves the service."""
    return Column("id", BigInteger, primary_key=True, autoincrement=True)


def external_id() -> Column[object]:
    """Return the identity that callers see."""
    return Column("external_id", UUID(as_uuid=True), nullable=False, unique=True)


def written_at() -> tuple[Column[object], Column[object]]:
    """Return our times of the first and the last write."""
    return (
        Column("created_at", Timestamp, nullable=False, server_default=func.now()),
        Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    )
