"""What an installation's life has the sandbox tell, and whom."""

from tests.support.fakes.webhook_receiver import Receiver, told
from tests.support.servers.sandbox import ACME, INSTALLATION, JONAS, MARA, OONA, PAD, RunningSandbox


async def test_an_account_that_is_renamed_is_told_once(running: RunningSandbox, receiver: Receiver) -> None:
    """The installation keeps its id, and former names of repositories lead to the present ones."""
    await running.act(MARA, "rename_account", account="acme-rockets", login="acme-aero")
    assert await told(running, receiver) == ["installation_target.renamed"]
    payload = receiver.received[0].payload
    assert payload["changes"] == {"login": {"from": "acme-rockets"}}
    assert (payload["account"]["id"], payload["account"]["login"]) == (ACME, "acme-aero")
    answer = await running.api("GET", f"/repos/{PAD}", await running.installation_token())
    assert answer.headers["location"] == f"{running.api_url}/repositories/700000001"


async def test_an_installation_is_told_through_its_whole_life(running: RunningSandbox, receiver: Receiver) -> None:
    """Chosen repositories, suspension, new permissions, removal; installing again gives another id."""
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, repositories=["launchpad", "telemetry"])
    await running.act(MARA, "suspend", installation=INSTALLATION)
    await running.act(MARA, "unsuspend", installation=INSTALLATION)
    running.world.apps[running.app.id].permissions["issues"] = "read"
    await running.act(MARA, "accept_permissions", installation=INSTALLATION)
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    again = await running.act(MARA, "install", account="acme-rockets")
    assert sorted(await told(running, receiver)) == sorted(
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


async def test_a_suspended_installation_hears_nothing(running: RunningSandbox, receiver: Receiver) -> None:
    """What happens meanwhile is never told."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    await running.act(MARA, "push", repository=PAD, messages=["Unheard"])
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, selection="all")
    assert await told(running, receiver) == ["installation.suspend"]


async def test_an_app_hears_only_what_it_subscribed_to(running: RunningSandbox, receiver: Receiver) -> None:
    """Making a branch is a push for an app that did not ask for `create`."""
    await running.act(MARA, "push", repository=PAD, branch="new")
    await running.act(MARA, "push", repository="acme-rockets/telemetry", messages=["Elsewhere"])
    assert await told(running, receiver) == ["push"]


async def test_an_approval_names_who_had_asked(running: RunningSandbox, receiver: Receiver) -> None:
    """The sender approves and the requester asked; asking and denying are told to nobody."""
    first = await running.act(MARA, "install", account="orbital-works")
    assert (await running.api("GET", "/app/installation-requests")).json()[0]["requester"]["login"] == MARA
    await running.act(OONA, "deny_request", request=first["request"]["id"])
    second = await running.act(MARA, "install", account="orbital-works", selection="selected", repositories=["docking"])
    assert await told(running, receiver) == []
    await running.act(OONA, "approve_request", request=second["request"]["id"])
    assert await told(running, receiver) == ["installation.created"]
    payload = receiver.received[0].payload
    assert (payload["requester"]["login"], payload["sender"]["login"]) == (MARA, OONA)
    assert [one["name"] for one in payload["repositories"]] == ["docking"]
    assert (await running.api("GET", "/app/installation-requests")).json() == []


async def test_an_administrator_installs_their_own_and_requests_the_rest(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """The approval of the rest is an addition, which names who had asked."""
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    done = await running.act(
        JONAS, "install", account="acme-rockets", selection="selected", repositories=["guidance", "billing"]
    )
    await running.act(MARA, "approve_request", request=done["request"]["id"])
    assert await told(running, receiver) == [
        "installation.deleted",
        "installation.created",
        "installation_repositories.added",
    ]
    created, added = (one.payload for one in receiver.received[1:])
    assert [one["name"] for one in created["repositories"]] == ["guidance"]
    assert [one["name"] for one in added["repositories_added"]] == ["billing"]
    assert (added["requester"]["login"], added["sender"]["login"]) == (JONAS, MARA)


async def test_a_withdrawn_authorization_is_told(running: RunningSandbox, receiver: Receiver) -> None:
    """The person's tokens are dead by then."""
    token = running.user_token(MARA)
    await running.act(MARA, "revoke_authorization", app="crewkit")
    assert await told(running, receiver) == ["github_app_authorization.revoked"]
    assert receiver.received[0].payload["sender"]["login"] == MARA
    assert (await running.api("GET", "/user", token)).status_code == 401
