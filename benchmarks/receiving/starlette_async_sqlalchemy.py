"""Starlette with async SQLAlchemy Core and one RQ job per event: the careful version of the same."""

import json
import os

from redis import Redis
from rq import Queue
from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.common.deliveries import PATH
from benchmarks.receiving.job import process
from benchmarks.receiving.signature import is_valid

database_url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
engine = create_async_engine(database_url, pool_size=16, max_overflow=0)
queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))
deliveries = Table(
    "deliveries",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("delivery_id", Text),
    Column("event_type", Text),
    Column("installation_id", BigInteger),
    Column("payload", JSONB),
)
INSERT = insert(deliveries).on_conflict_do_nothing(index_elements=["delivery_id"]).returning(deliveries.c.id)


async def receive(request: Request) -> Response:
    """Verify, store once, enqueue, accept."""
    body = await request.body()
    if not is_valid(body, request.headers.get("x-hub-signature-256", "")):
        return Response(status_code=401)
    payload = json.loads(body)
    row = {
        "delivery_id": request.headers["x-github-delivery"],
        "event_type": request.headers["x-github-event"],
        "installation_id": payload.get("installation", {}).get("id"),
        "payload": payload,
    }
    async with engine.begin() as connection:
        row_id = (await connection.execute(INSERT, row)).scalar_one_or_none()
    if row_id is not None:
        await run_in_threadpool(queue.enqueue, process, row_id)
    return Response(status_code=202)


app = Starlette(routes=[Route(PATH, receive, methods=["POST"])])
