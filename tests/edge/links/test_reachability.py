"""Whether a linked repository can be reached, and why not."""

from dataclasses import replace
from typing import Any

import pytest

from core.domain.actors import UserActor
from core.domain.identifiers import AccountId
from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.organizations import Role
from testing.builders.entities import build_repository, time_ago
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import WIDGETS, ProjectsEdge, link

REASONS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "suspended there": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.SUSPENDED_ON_PROVIDER},
        "integration_suspended",
        "unsuspend_on_provider",
        "https://provider.example/installations/41000001",
    ),
    "refused": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.TOKEN_REFUSED},
        "integration_suspended",
        "check_on_provider",
        "https://provider.example/installations/41000001",
    ),
    "revoked": (
        {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
        "integration_revoked",
        "reconnect",
        "/api/v1/git/github/install?organization_id={org}&mode=existing",
    ),
}


@pytest.mark.parametrize("why", REASONS)
async def test_explains_an_unreachable_link(edge: ProjectsEdge, client: Client, why: str) -> None:
    """With its remedy, in each response that shows a link."""
    facts, reason, action, url = REASONS[why]
    await link(edge, client, edge.project)
    await edge.set_integration(replace(edge.integration, **facts))
    path = edge.repository_of(edge.project)
    shown = (await client.get(path, headers=edge.of("viewer"))).json()
    assert (shown["reachable"], shown["reason"], shown["action"]["code"]) == (False, reason, action)
    assert shown["action"]["url"] == url.format(org=edge.organization.external_id)
    listed = (await client.get(edge.path("/projects?linked=true"), headers=edge.of("viewer"))).json()
    assert listed["data"][0]["repository"] == shown
    again = await client.post(path, json={"repo_id": WIDGETS}, headers=edge.of("member"))
    assert (again.status_code, again.json()) == (200, shown)


async def test_only_the_person_who_owns_the_account_gets_its_settings_page(edge: ProjectsEdge, client: Client) -> None:
    """The provider answers 404 to a viewer who is known there as another person."""
    await link(edge, client, edge.project)
    facts, _, _, url = REASONS["suspended there"]
    await edge.set_integration(replace(edge.integration, account_type="User", account_id=AccountId("9"), **facts))
    path = edge.repository_of(edge.project)
    for account, expected in (("7", None), ("9", url)):
        user = await edge.world.add_user(f"{account}@acme.example")
        await edge.world.add_member(user, edge.organization, Role.VIEWER)
        await edge.world.add_connection(user, account)
        edge.people[account] = UserActor(user.id, user.external_id)
        shown = (await client.get(path, headers=edge.of(account))).json()
        assert (shown["action"]["code"], shown["action"]["url"]) == ("unsuspend_on_provider", expected)
        [listed] = (await client.get(edge.path("/projects?linked=true"), headers=edge.of(account))).json()["data"]
        assert listed["repository"] == shown
        page = await client.get(
            "/api/v1/git/github/manage",
            params={"organization_id": str(edge.organization.external_id)},
            headers=edge.of(account) | {"accept": "application/json"},
        )
        if expected:
            assert page.json() == {"redirect_url": expected}
        else:
            check_error(page, 403, "installation_of_other_person")


async def test_link_to_a_removed_repository_stays(edge: ProjectsEdge, client: Client) -> None:
    """It names the remedy. The link works again when the repository returns."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    for row in ({"removed_at": time_ago(minutes=1)}, {}):
        await edge.save(build_repository(edge.integration, WIDGETS, full_name="acme/widgets", **row))
        shown = (await client.get(path, headers=edge.of("viewer"))).json()
        if row:
            assert (shown["reachable"], shown["reason"]) == (False, "repository_removed")
            assert shown["action"]["code"] == "grant_access_on_provider"
            assert "unlink" in shown["action"]["message"]
        else:
            assert (shown["reachable"], shown["reason"], shown["action"]) == (True, None, None)


async def test_offers_a_repository_created_again_under_the_name(edge: ProjectsEdge, client: Client) -> None:
    """Names are compared without case. The new repository can replace the link."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)

    async def successor() -> object:
        return (await client.get(path, headers=edge.of("viewer"))).json()["successor"]

    new = build_repository(edge.integration, "9", full_name="Acme/Widgets")
    await edge.save(new)
    assert await successor() is None
    await edge.save(
        build_repository(edge.integration, WIDGETS, full_name="acme/widgets", removed_at=time_ago(minutes=1))
    )
    assert await successor() == {"repo_id": "9", "full_name": "Acme/Widgets"}
    listed = (await client.get(edge.path("/projects?linked=true"), headers=edge.of("viewer"))).json()
    assert listed["data"][0]["repository"]["successor"] == {"repo_id": "9", "full_name": "Acme/Widgets"}
    answer = await client.post(path, json={"repo_id": "9", "replace": True}, headers=edge.of("member"))
    assert answer.is_success, answer.text
    assert (answer.json()["repo_id"], answer.json()["reachable"]) == ("9", True)
    assert await successor() is None


async def test_does_not_offer_a_removed_repository_of_the_name(edge: ProjectsEdge, client: Client) -> None:
    """Nor a repository of another organization."""
    await link(edge, client, edge.project)
    async with edge.world.unit_of_work() as tx:
        elsewhere = await tx.integrations.find(edge.other.id, "github")
    assert elsewhere is not None
    await edge.save(
        build_repository(edge.integration, WIDGETS, full_name="acme/widgets", removed_at=time_ago(minutes=1)),
        build_repository(edge.integration, "9", full_name="acme/widgets", removed_at=time_ago(minutes=1)),
        build_repository(elsewhere, "10", full_name="acme/widgets"),
    )
    shown = (await client.get(edge.repository_of(edge.project), headers=edge.of("viewer"))).json()
    assert (shown["reason"], shown["successor"]) == ("repository_removed", None)


async def test_archived_repository_is_reachable(edge: ProjectsEdge, client: Client) -> None:
    """The response explains why no events arrive, and names the remedy."""
    await link(edge, client, edge.project)
    facts = {"full_name": "acme/widgets", "url": "https://p.example/acme/widgets"}
    await edge.save(build_repository(edge.integration, WIDGETS, archived=True, **facts))
    shown = (await client.get(edge.repository_of(edge.project), headers=edge.of("viewer"))).json()
    assert (shown["reachable"], shown["archived"], shown["reason"]) == (True, True, None)
    assert shown["action"]["code"] == "unarchive_on_provider"
    assert shown["action"]["url"] == "https://p.example/acme/widgets"
