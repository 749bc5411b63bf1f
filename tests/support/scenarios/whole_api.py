"""The whole REST API as it runs, with two tenants: real servers, policy and HTTP, and a sandbox GitHub."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import structlog
import uvicorn
from anyio.from_thread import start_blocking_portal
from psycopg.sql import SQL, Identifier

from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.attribution.git_authors import to_author_key
from core.domain.deliveries.source_key import LANES
from core.domain.secret import Secret
from entrypoints.bootstrap.application import open_application
from entrypoints.bootstrap.rest import open_rest
from entrypoints.rest.http.server_config import server_config
from entrypoints.settings.settings import Settings
from entrypoints.settings.values import Address
from local.demo import DemoFacts, seed
from local.keys import development_environment
from sandbox.state.sandbox_app import app_environment
from tests.support.builders.deliveries import REPOSITORY, SECRET, Delivery, push
from tests.support.servers.asgi_server import run_server
from tests.support.servers.sandbox import run_sandbox, sandbox_app
from tests.support.servers.servers import Servers, database_name, flush_redis, new_database, temporary_home

INSTALLATION, FOREIGN_INSTALLATION = 41_000_001, 41_000_999
FOREIGN_REPOSITORY = 700_000_999
DELIVERIES = {
    INSTALLATION: "0d1c2b3a-0000-4000-8000-00000000e001",
    FOREIGN_INSTALLATION: "0d1c2b3a-0000-4000-8000-00000000e002",
}
FOREIGN_PROJECT = "0d1c2b3a-0000-4000-8000-00000000f0e1"
READ_TOKENS = {
    INSTALLATION: "0d1c2b3a-0000-4000-8000-00000000a0e1",
    FOREIGN_INSTALLATION: "0d1c2b3a-0000-4000-8000-00000000a0e2",
}
AUTHORS = {INSTALLATION: "mara@acme-rockets.example", FOREIGN_INSTALLATION: "mara@another.example"}
# As much of everything for the second organization. Whole rows are copied, whatever columns they have by
# then, except the columns that are named here and those that PostgreSQL computes.
_STORED_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'git_repositories' AND is_generated = 'NEVER'
"""
_FURNISH = """
    WITH other AS (SELECT id FROM organizations WHERE external_id = %(other)s),
    project AS (
        INSERT INTO projects SELECT (jsonb_populate_record(p, jsonb_build_object(
            'id', nextval('projects_id_seq'), 'organization_id', other.id, 'external_id', %(project)s::text,
            'name', 'Another'))).*
        FROM projects AS p, other WHERE p.external_id = %(own_project)s RETURNING id),
    integration AS (
        INSERT INTO git_integrations SELECT (jsonb_populate_record(i, jsonb_build_object(
            'id', nextval('git_integrations_id_seq'), 'organization_id', other.id,
            'external_id', gen_random_uuid(), 'provider_id', %(installation)s::text))).*
        FROM git_integrations AS i, other LIMIT 1 RETURNING id),
    repository AS (
        INSERT INTO git_repositories ({stored}) SELECT {stored} FROM (
            SELECT (jsonb_populate_record(r, jsonb_build_object(
                'id', nextval('git_repositories_id_seq'), 'git_integration_id', integration.id,
                'repo_id', %(repository)s::text))).*
            FROM git_repositories AS r, integration WHERE r.repo_id = %(own_repository)s) AS copied)
    INSERT INTO project_repositories SELECT (jsonb_populate_record(l, jsonb_build_object(
        'id', nextval('project_repositories_id_seq'), 'project_id', project.id,
        'git_integration_id', integration.id, 'external_id', gen_random_uuid(),
        'repo_id', %(repository)s::text))).*
    FROM project_repositories AS l, project, integration WHERE l.repo_id = %(own_repository)s
"""

_ADD_READ_TOKEN = """
    INSERT INTO git_token_leases (
        external_id, organization_id, git_integration_id, actor, reason, repo_ids, permissions, expires_at)
    SELECT %(read_token)s, organization_id, id, 'service:deployer', 'deploy', '[]', '{"contents": "read"}',
        now() + interval '1 hour'
    FROM git_integrations WHERE provider_id = %(installation)s::text
"""


@dataclass(frozen=True, slots=True)
class Tenants:
    """The demo's organization, and another organization with as much data, in a database to be copied."""

    servers: Servers
    environment: Mapping[str, str]
    facts: DemoFacts
    own: Mapping[str, str]
    """By the name it has in paths, the id of something the demo's owner may see."""
    foreign: Mapping[str, str]
    """The same of the other organization."""

    databases: list[str] = field(default_factory=list)
    """Of the APIs that are served, the newest last."""

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """Serve the API on a copy of the database; give a client of the demo's owner."""
        template = database_name(self.environment["CREWKIT_GIT_DATABASE_URL"])
        with _quietly(), new_database(self.servers.database_url, template) as url, start_blocking_portal() as portal:
            settings = Settings.from_environment({**self.environment, "CREWKIT_GIT_DATABASE_URL": url})
            with (
                portal.wrap_async_context_manager(_serve(settings)) as address,
                httpx.Client(base_url=address, headers=self.bearer("owner"), timeout=10) as client,
            ):
                self.databases.append(url)
                yield client
                self.databases.remove(url)

    def bearer(self, person: str) -> dict[str, str]:
        """Give the header of a person's token."""
        return {"authorization": f"Bearer {self.facts.users[person]['token']}"}


@contextmanager
def two_tenants(servers: Servers, template: str) -> Iterator[Tenants]:
    """Make both, and the sandbox they are connected to."""
    with ExitStack() as stack:
        home = stack.enter_context(temporary_home())
        portal = stack.enter_context(start_blocking_portal())
        sandbox = stack.enter_context(portal.wrap_async_context_manager(run_sandbox()))
        database_url = stack.enter_context(new_database(servers.database_url, template))
        given = {
            **app_environment(sandbox_app(), sandbox_url=sandbox.url),
            "CREWKIT_GIT_ENVIRONMENT": "development",
            "CREWKIT_GIT_HOME": str(home.path),
            "CREWKIT_GIT_DATABASE_URL": database_url,
            "CREWKIT_GIT_REDIS_URL": stack.enter_context(flush_redis(servers)),
            "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
        }
        environment = {**given, **development_environment(Path(home.path), given)}
        settings = Settings.from_environment(environment)
        facts = seed(settings)
        _furnish(database_url, facts)
        asyncio.run(_deliver(settings))
        own = {
            "org_id": facts.organization["id"],
            "project_id": facts.projects[0]["id"],
            "repo_id": str(REPOSITORY),
            "event_id": DELIVERIES[INSTALLATION],
            "delivery_id": DELIVERIES[INSTALLATION],
            "lease_id": READ_TOKENS[INSTALLATION],
            "author_key": to_author_key(AUTHORS[INSTALLATION]),
        }
        foreign = {
            "org_id": facts.second_organization["id"],
            "project_id": FOREIGN_PROJECT,
            "repo_id": str(FOREIGN_REPOSITORY),
            "event_id": DELIVERIES[FOREIGN_INSTALLATION],
            "delivery_id": DELIVERIES[FOREIGN_INSTALLATION],
            "lease_id": READ_TOKENS[FOREIGN_INSTALLATION],
            "author_key": to_author_key(AUTHORS[FOREIGN_INSTALLATION]),
        }
        yield Tenants(servers, environment, facts, own, foreign)


@contextmanager
def _quietly() -> Iterator[None]:
    """Let the server's thread log nothing between the lines of the tests' own report."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


@asynccontextmanager
async def _serve(settings: Settings) -> AsyncIterator[str]:
    addresses: list[Address] = []
    async with open_rest(settings) as rest:

        def make(address: Address) -> uvicorn.Server:
            addresses.append(address)
            return uvicorn.Server(server_config(rest.app, address))

        async with run_server(make):
            yield f"http://{addresses[0]}"


def _furnish(database_url: str, facts: DemoFacts) -> None:
    """Give the second organization what the first one has, under other ids."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        stored = connection.execute(_STORED_COLUMNS).fetchall()
        connection.execute(
            SQL(_FURNISH).format(stored=SQL(", ").join(Identifier(name) for (name,) in stored)),
            {
                "other": facts.second_organization["id"],
                "project": FOREIGN_PROJECT,
                "own_project": facts.projects[0]["id"],
                "installation": str(FOREIGN_INSTALLATION),
                "repository": str(FOREIGN_REPOSITORY),
                "own_repository": str(REPOSITORY),
            },
        )
        for installation, read_token in READ_TOKENS.items():
            connection.execute(_ADD_READ_TOKEN, {"installation": installation, "read_token": read_token})


async def _deliver(settings: Settings) -> None:
    """Let each organization's repository have a push, received and processed."""
    protocol = GitHubWebhooks([Secret(SECRET)])
    async with open_application(settings) as application:
        repositories = {INSTALLATION: REPOSITORY, FOREIGN_INSTALLATION: FOREIGN_REPOSITORY}
        for installation, repository in repositories.items():
            body = push(1, installation=installation, repository=repository)
            body = body.replace(AUTHORS[INSTALLATION].encode(), AUTHORS[installation].encode())
            delivery = Delivery(body, id=DELIVERIES[installation])
            headers = {name.encode(): value.encode() for name, value in delivery.headers.items()}
            await application.deliveries.receive(protocol.verify(headers, delivery.body))
        for lane in range(LANES):
            await application.deliveries.drain_lane(lane)
