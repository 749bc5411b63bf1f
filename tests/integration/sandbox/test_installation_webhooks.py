"""Webhooks about installations, and their receivers."""

from tests.support.fakes.webhook_receiver import Receiver, wait_for_deliveries
from tests.support.servers.sandbox import ACME, INSTALLATION, JONAS, MARA, OONA, PAD, RunningSandbox


async def test_sends_one_webhook_for_a_renamed_account(running: RunningSandbox, receiver: Receiver) -> None:
    """The installation keeps its id, and former repository names redirect."""
    await running.act(MARA, "rename_account", account="acme-rockets", login="acme-aero")
    assert await wait_for_deliveries(running, receiver) == ["installation_target.renamed"]
    payload = receiver.received[0].payload
    assert payload["changes"] == {"login": {"from": "acme-rockets"}}
    assert (payload["account"]["id"], payload["account"]["login"]) == (ACME, "acme-aero")
    answer = await running.api("GET", f"/repos/{PAD}", await running.installation_token())
    assert answer.headers["location"] == f"{running.api_url}/repositories/700000001"


async def test_sends_webhooks_over_the_life_of_an_installation(running: RunningSandbox, receiver: Receiver) -> None:
    """Selected repositories, suspension, new permissions, removal; a reinstallation has another id."""
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, repositories=["launchpad", "telemetry"])
    await running.act(MARA, "suspend", installation=INSTALLATION)
    await running.act(MARA, "unsuspend", installation=INSTALLATION)
    running.data.apps[running.app.id].permissions["issues"] = "read"
    await running.act(MARA, "accept_permissions", installation=INSTALLATION)
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    again = await running.act(MARA, "install", account="acme-rockets")
    assert sorted(await wait_for_deliveries(running, receiver)) == sorted(
        [
            "installation_repositories.added",
            "installation_repositories.removed",
            "installation.suspend",
            "installation.unsuspend",
            "installation.new_permissions_accepted",
            "installation.deleted",
            "installation.created",
        ]
    )
    by_name = {one.name: one.payload for one in receiver.received}
    assert by_name["installation.suspend"]["installation"]["suspended_by"]["login"] == MARA
    assert by_name["installation.new_permissions_accepted"]["installation"]["permissions"]["issues"] == "read"
    assert again["installation"]["id"] == INSTALLATION + 1
    assert (await running.api("GET", f"/app/installations/{INSTALLATION}")).status_code == 404


async def test_suspended_installation_receives_nothing(running: RunningSandbox, receiver: Receiver) -> None:
    """Events during the suspension are never sent."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    await running.act(MARA, "push", repository=PAD, messages=["Unheard"])
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, selection="all")
    assert await wait_for_deliveries(running, receiver) == ["installation.suspend"]


async def test_app_receives_only_subscribed_events(running: RunningSandbox, receiver: Receiver) -> None:
    """A new branch is a push for an app without the event `create`."""
    await running.act(MARA, "push", repository=PAD, branch="new")
    await running.act(MARA, "push", repository="acme-rockets/telemetry", messages=["Elsewhere"])
    assert await wait_for_deliveries(running, receiver) == ["push"]


async def test_approval_names_the_requester(running: RunningSandbox, receiver: Receiver) -> None:
    """The approver is the sender. Requests and denials have no webhook."""
    first = await running.act(MARA, "install", account="orbital-works")
    assert (await running.api("GET", "/app/installation-requests")).json()[0]["requester"]["login"] == MARA
    await running.act(OONA, "deny_request", request=first["request"]["id"])
    second = await running.act(MARA, "install", account="orbital-works", selection="selected", repositories=["docking"])
    assert await wait_for_deliveries(running, receiver) == []
    await running.act(OONA, "approve_request", request=second["request"]["id"])
    assert await wait_for_deliveries(running, receiver) == ["installation.created"]
    payload = receiver.received[0].payload
    assert (payload["requester"]["login"], payload["sender"]["login"]) == (MARA, OONA)
    assert [one["name"] for one in payload["repositories"]] == ["docking"]
    assert (await running.api("GET", "/app/installation-requests")).json() == []


async def test_administrator_installs_own_repositories_and_requests_others(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """The approval of the others is an addition that names the requester."""
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    done = await running.act(
        JONAS, "install", account="acme-rockets", selection="selected", repositories=["guidance", "billing"]
    )
    await running.act(MARA, "approve_request", request=done["request"]["id"])
    assert await wait_for_deliveries(running, receiver) == [
        "installation.deleted",
        "installation.created",
        "installation_repositories.added",
    ]
    created, added = (one.payload for one in receiver.received[1:])
    assert [one["name"] for one in created["repositories"]] == ["guidance"]
    assert [one["name"] for one in added["repositories_added"]] == ["billing"]
    assert (added["requester"]["login"], added["sender"]["login"]) == (JONAS, MARA)


async def test_sends_a_webhook_for_a_revoked_authorization(running: RunningSandbox, receiver: Receiver) -> None:
    """The user's tokens are invalid by then."""
    token = running.user_token(MARA)
    await running.act(MARA, "revoke_authorization", app="crewkit")
    assert await wait_for_deliveries(running, receiver) == ["github_app_authorization.revoked"]
    assert receiver.received[0].payload["sender"]["login"] == MARA
    assert (await running.api("GET", "/user", token)).status_code == 401
