from sqlalchemy import BigInteger, Column, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import UUID

# PostgreSQL's default names, so that migrations in plain SQL need no names.
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


# Marks an encrypted column. The context of a value is `table.column:external_id`.
ENCRYPTED = {"encrypted": True}


def primary_key() -> Column[int]:
    """Return a `bigserial` primary key, which never leaves the service."""
    return Column("id", BigInteger, primary_key=True, autoincrement=True)


def external_id() -> Column[object]:
    """Return the column of the id that callers see."""
    return Column("external_id", UUID(as_uuid=True), nullable=False, unique=True)


def create_write_times() -> tuple[Column[object], Column[object]]:
    """Return the columns for the times of the first and the last write."""
    return (
        Column("created_at", Timestamp, nullable=False, server_default=func.now()),
        Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    )
