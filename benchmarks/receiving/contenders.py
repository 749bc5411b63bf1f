"""Name the receivers that are compared."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.common.crewkit import EVENTS, command, settings
from benchmarks.common.deliveries import PATH, SECRET
from benchmarks.common.server import Place
from benchmarks.receiving.nodejs import node_script


def baseline_environment(place: Place) -> Mapping[str, str]:
    """Return the settings that all baselines read."""
    return {
        "DATABASE_URL": place.database_url,
        "REDIS_URL": place.redis_url,
        "PORT": str(place.port),
        "UVICORN_PORT": str(place.port),
        "WEBHOOK_PATH": PATH,
        "WEBHOOK_SECRET": SECRET,
        "NODE_ENV": "production",
    }


@dataclass(frozen=True)
class Contender:
    """A receiver: its command, and the table where it stores acknowledged deliveries."""

    name: str
    title: str
    serve: Callable[[], list[str]]
    """Return the command that serves; raise `Unavailable` with the reason when it cannot be built here."""
    table: str | None = None
    queue: bool = False
    verifies: bool = True
    environment: Callable[[Place], Mapping[str, str]] = baseline_environment


def _uvicorn(module: str) -> Callable[[], list[str]]:
    options = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    return lambda: [sys.executable, "-m", "uvicorn", f"benchmarks.receiving.{module}:app", *options]


SERVICE = Contender("crewkit", "crewkit-git api", lambda: command("api"), EVENTS, queue=True, environment=settings)

CONTENDERS = (
    SERVICE,
    Contender("fastapi_orm", "FastAPI + ORM session + one RQ job", _uvicorn("fastapi_orm"), "deliveries", queue=True),
    Contender(
        "starlette_async_sqlalchemy",
        "Starlette + async SQLAlchemy + one RQ job",
        _uvicorn("starlette_async_sqlalchemy"),
        "deliveries",
        queue=True,
    ),
    Contender(
        "fastify_pg_bullmq",
        "Node: Fastify + pg + BullMQ",
        node_script("fastify_pg_bullmq.js"),
        "deliveries",
        queue=True,
    ),
    Contender("fastify_pg", "Node: Fastify + pg, no queue", node_script("fastify_pg.js"), "deliveries"),
    Contender("probot", "Probot, one onAny handler", node_script("probot.js")),
    Contender(
        "gidgethub_aiohttp",
        "gidgethub + aiohttp",
        lambda: [sys.executable, "-m", "benchmarks.receiving.gidgethub_aiohttp"],
    ),
    Contender("octokit_webhooks", "@octokit/webhooks on Node", node_script("octokit_webhooks.js")),
    Contender("empty_starlette", "an empty Starlette endpoint", _uvicorn("empty_starlette"), verifies=False),
)

QUICK = ("crewkit", "starlette_async_sqlalchemy", "probot", "empty_starlette")
