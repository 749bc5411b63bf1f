"""The baselines' jobs: one per event, which claims its row, reads the payload and marks the row processed."""

import functools
import os
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Collect the tables."""


class Delivery(Base):
    """One delivery as a row."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_type: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str]


def process_with_orm(row_id: int) -> None:
    """Process one delivery through an ORM session."""
    with Session(_engine()) as session:
        delivery = session.get_one(Delivery, row_id, with_for_update=True)
        if delivery.status == "pending" and delivery.payload["repository"]["id"]:
            delivery.status = "processed"
        session.commit()


def process_with_psycopg(row_id: int) -> None:
    """Process one delivery through a plain connection."""
    connection = _connection()
    with connection.transaction():
        row = connection.execute(
            "SELECT status, payload FROM deliveries WHERE id = %s FOR UPDATE", (row_id,)
        ).fetchone()
        if row is not None and row[0] == "pending" and row[1]["repository"]["id"]:
            connection.execute("UPDATE deliveries SET status = 'processed' WHERE id = %s", (row_id,))


@functools.cache
def _engine() -> Engine:
    return create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))


@functools.cache
def _connection() -> psycopg.Connection[TupleRow]:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
