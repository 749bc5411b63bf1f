"""What only PostgreSQL has: a hundred thousand attributions, and a claim beside a batch under way."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import pytest

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Parameters
from adapters.postgres.queries.attributions import LIST_FORMER_MEMBERS, render_page
from adapters.postgres.queries.directory import KNOWN_ROLES
from adapters.postgres.stores import attributions, commit_claims
from adapters.system import SystemClock
from core.domain.attribution.attribution import (
    UNKNOWN,
    Attribution,
    AttributionFilter,
    AttributionStatus,
    IdentityQuery,
    Kind,
    Role,
)
from core.domain.deliveries.source_key import choose_lane
from core.domain.identifiers import RepoId
from core.domain.organizations import Role as Standing
from core.domain.provider_events import Author
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from testing.builders.entities import PROVIDER
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.scenarios.processing import Bell

_MANY = 100_000
# In three repositories, by five users; every hundredth row is of the rare kind, as many are of bots.
_FILL = """
    INSERT INTO git_commit_attributions (
        git_integration_id, repo_id, sha, role, address, name, kind, method, user_id, account_id
    )
    SELECT %(integration)s, (n %% 3)::text, n::text, 'author', 'a' || n %% 5000 || '@acme.example', 'A',
        CASE WHEN n %% 100 = 0 THEN %(rare)s WHEN n %% 100 = 1 THEN 'bot' ELSE %(common)s END, 'unknown',
        CASE
            WHEN (n %% 100 = 0) AND %(rare)s = 'user' OR (n %% 100 > 1) AND %(common)s = 'user'
            THEN (SELECT min(id) FROM users) + n %% 5
        END,
        (n %% 5000)::text
    FROM generate_series(1, %(many)s) AS n
"""


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


@pytest.mark.parametrize(("rare", "common"), [("user", "none"), ("none", "user")])
async def test_queries_use_indexes(world: PostgresStoreStage, rare: str, common: str) -> None:
    """For rare and common values; those of identities and claims, too."""
    organization = await world.add_organization()
    integration = await world.add_integration(organization)
    project = await world.add_project(organization)
    await world.add_link(project, integration)
    users = [await world.add_user(f"{number}@acme.example") for number in range(5)]
    await world.add_member(users[0], organization, Standing.MEMBER)
    connection = await world.add_connection(users[0], "7", emails=["a7@acme.example"])
    async with world.database.session() as session:
        filling = {"integration": integration.id, "rare": rare, "common": common, "many": _MANY}
        await session.change(_FILL, filling)
        await session.commit()
        await session.change("ANALYZE")
        await session.commit()
    list_page: dict[str, object] = {
        "organization": organization.id,
        "project": project.external_id,
        "kinds": Texts([kind.value for kind in Kind]),
        "roles": KNOWN_ROLES,
        "before": _MANY // 2,
        "limit": 51,
        "left": Bigints([user.id for user in users[1:]]),
        "assigned": Texts(["a7@acme.example", "a8@acme.example"]),
        "added": Texts(["a7@acme.example"]),
    }
    claim = {
        "connections": Bigints([connection.id]),
        "integration": integration.id,
        "methods": commit_claims._METHODS,
        "limit": 10_000,
        "roles": KNOWN_ROLES,
    }
    identities = {
        "provider": PROVIDER,
        "accounts": Texts(["7"]),
        "addresses": Texts(["a7@acme.example"]),
        "logins": Texts(["mara"]),
        "organizations": Bigints([organization.id]),
        "roles": KNOWN_ROLES,
    }
    questions: list[tuple[str, Parameters]] = [
        *(
            (render_page(status, left, of_project, has_assignments=has_assignments), list_page)
            for status in (None, *AttributionStatus)
            for left in (False, True)
            for of_project in (False, True)
            for has_assignments in (False, True)
        ),
        (LIST_FORMER_MEMBERS, list_page),
        (commit_claims._APPLY_CLAIMS, claim),
        (commit_claims._APPLY_MEMBER_CLAIMS, claim | {"users": Bigints([users[0].id])}),
        (attributions._FIND_IDENTITIES, identities),
    ]
    async with world.database.session() as session:
        for question, parameters in questions:
            [(plan,)] = await session.write(f"EXPLAIN (ANALYZE, FORMAT JSON) {question}", parameters)
            read = _rows_read(plan[0]["Plan"], "git_commit_attributions")
            assert read < 5_000, (read, question)
    for status in (None, AttributionStatus.MATCHED, AttributionStatus.UNMATCHED, AttributionStatus.BOT):
        async with world.unit_of_work() as tx:
            started = perf_counter()
            found = await tx.attributions.list_attributions(organization.id, AttributionFilter(status), limit=51)
            assert perf_counter() - started < 1
            assert len(found) == 51


def _rows_read(plan: dict[str, Any], table: str) -> int:
    """Count what a plan read of a table, with what it then left out."""
    read = 0
    if plan.get("Relation Name") == table and plan["Node Type"] != "ModifyTable":
        left_out = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        read = round((plan["Actual Rows"] + left_out) * plan["Actual Loops"])
    return read + sum(_rows_read(child, table) for child in plan.get("Plans", []))


async def test_claim_waits_for_the_running_batch(world: PostgresStoreStage) -> None:
    """That batch may have loaded the users before they connected."""
    organization, mara = await world.add_organization(), await world.add_user()
    integration = await world.add_integration(organization)
    await world.add_member(mara, organization, Standing.MEMBER)
    claim = ClaimCommits(world.unit_of_work, Bell(), SystemClock())
    address = "mara@acme.example"
    async with world.unit_of_work() as batch:
        assert await batch.event_queue.try_lock(choose_lane(integration.provider_id))
        found = await batch.attributions.find_identities(
            PROVIDER, IdentityQuery(addresses={address}), [organization.id]
        )
        assert found.by_address == {}
        await world.add_connection(mara, "7", emails=[address])
        assert await FollowMemberships(world.unit_of_work)() == 2
        claiming = asyncio.create_task(claim())
        done, _ = await asyncio.wait([claiming], timeout=0.3)
        assert not done
        row = Attribution(integration.id, RepoId("1"), "a" * 40, Role.AUTHOR, address, Author("Mara"), UNKNOWN, None)
        await batch.attributions.add([row])
        await batch.commit()
    assert await claiming == 1


async def test_claims_ten_thousand_commits_within_a_second(world: PostgresStoreStage) -> None:
    organization, mara = await world.add_organization(), await world.add_user()
    integration = await world.add_integration(organization)
    await world.add_member(mara, organization, Standing.MEMBER)
    async with world.database.session() as session:
        filling = {"integration": integration.id, "rare": "none", "common": "none", "many": 2 * 10_000}
        await session.change(_FILL, filling)
        await session.change("UPDATE git_commit_attributions SET address = 'mara@acme.example' WHERE id %% 2 = 0")
        await session.commit()
    await world.add_connection(mara, "no account", emails=["mara@acme.example"])
    await FollowMemberships(world.unit_of_work)()
    started = perf_counter()
    claimed = await ClaimCommits(world.unit_of_work, Bell(), SystemClock())()
    seconds = perf_counter() - started
    assert claimed > 9_000
    assert seconds < 2, seconds
