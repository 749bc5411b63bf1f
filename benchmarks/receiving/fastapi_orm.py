"""FastAPI with a synchronous ORM session and one RQ job per event, as in common tutorials."""

import json
import os
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from redis import Redis
from rq import Queue
from sqlalchemy import create_engine, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.common.deliveries import PATH
from benchmarks.receiving.job import process
from benchmarks.receiving.signature import is_valid

database_url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
engine = create_engine(database_url, pool_size=16, max_overflow=0)
new_session = sessionmaker(engine, expire_on_commit=False)
queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))
app = FastAPI()


class Base(DeclarativeBase):
    """Collect the tables."""


class Delivery(Base):
    """One delivery as a row."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str]
    event_type: Mapped[str]
    installation_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(server_default="pending")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


async def raw_body(request: Request) -> bytes:
    """Read the body, so that the endpoint itself may be synchronous and run in the thread pool."""
    return await request.body()


@app.post(PATH, status_code=202)
def receive(
    body: Annotated[bytes, Depends(raw_body)],
    x_github_event: Annotated[str, Header()],
    x_github_delivery: Annotated[str, Header()],
    x_hub_signature_256: Annotated[str, Header()],
) -> dict[str, str]:
    """Verify, store once, enqueue, accept."""
    if not is_valid(body, x_hub_signature_256):
        raise HTTPException(status_code=401)
    payload = json.loads(body)
    delivery = Delivery(
        delivery_id=x_github_delivery,
        event_type=x_github_event,
        installation_id=payload.get("installation", {}).get("id"),
        payload=payload,
    )
    session: Session
    with new_session() as session:
        session.add(delivery)
        try:
            session.commit()
        except IntegrityError:
            return {"status": "duplicate"}
    queue.enqueue(process, delivery.id)
    return {"status": "accepted"}
