"""Whatever a person does is told to the App as GitHub would tell it."""

import asyncio
import hashlib
import hmac
from datetime import timedelta

import pytest

from tests.support.receiver import Receiver
from tests.support.sandbox import ACME, INSTALLATION, JONAS, MARA, OONA, PRIYA, RunningSandbox
from tests.support.webhook_schema import check_payload

PAD = "acme-rockets/launchpad"
ZEROS = "0" * 40


async def told(running: RunningSandbox, receiver: Receiver) -> list[str]:
    """Wait for the deliveries, check each against the published schema, and give their names."""
    await running.delivered()
    for one in receiver.received:
        check_payload(one.event, one.payload)
    return receiver.names


async def everything_installed(running: RunningSandbox) -> None:
    """Let the installation have all repositories, and forget that it was told."""
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, selection="all")
    await running.delivered()


async def test_a_push_is_told_with_its_commits(running: RunningSandbox, receiver: Receiver) -> None:
    """Authors are whom the push names, and an address of an account brings its login along."""
    done = await running.act(
        MARA,
        "push",
        repository=PAD,
        messages=["Light the fuse", "Run"],
        authors=[JONAS, "Sam <sam@nowhere.example>"],
        co_authors=[PRIYA],
    )
    assert await told(running, receiver) == ["push"]
    push = receiver.received[0].payload
    assert (push["before"], push["after"]) == (done["before"], done["after"])
    assert push["head_commit"] == push["commits"][-1]
    first, second = push["commits"]
    assert first["author"]["username"] == JONAS
    assert second["author"] == {"name": "Sam", "email": "sam@nowhere.example"}
    assert first["message"].endswith("Co-authored-by: Priya Raman <priya@acme-rockets.example>")
    assert push["pusher"]["name"] == push["sender"]["login"] == MARA
    assert isinstance(push["repository"]["pushed_at"], int)
    assert push["installation"]["id"] == INSTALLATION


async def test_pushes_of_every_kind_are_told(running: RunningSandbox, receiver: Receiver) -> None:
    """Branches and tags are made, forced and deleted, each with the zeros and flags that say so."""
    running.world.installations[INSTALLATION].events += ["create", "delete"]
    for wish in (
        {"branch": "fix/größe#1"},
        {"branch": "fix/größe#1", "messages": ["Again"], "force": True},
        {"branch": "fix/größe#1", "delete": True},
        {"tag": "v2"},
        {"tag": "v3", "annotated": True},
        {"tag": "v3", "delete": True},
    ):
        await running.act(MARA, "push", repository=PAD, **wish)
    assert sorted(await told(running, receiver)) == sorted(["push"] * 6 + ["create"] * 3 + ["delete"] * 2)
    pushes = {
        (one["ref"], one["created"], one["deleted"], one["forced"]): one
        for one in (each.payload for each in receiver.received if each.event == "push")
    }
    made = pushes["refs/heads/fix/größe#1", True, False, False]
    assert (made["before"], made["commits"], made["base_ref"]) == (ZEROS, [], "refs/heads/main")
    assert made["head_commit"]["id"] == made["after"]
    assert pushes["refs/heads/fix/größe#1", False, False, True]["commits"][0]["message"] == "Again"
    gone = pushes["refs/heads/fix/größe#1", False, True, False]
    assert (gone["after"], gone["head_commit"]) == (ZEROS, None)
    light = pushes["refs/tags/v2", True, False, False]
    assert light["after"] == light["head_commit"]["id"]
    annotated = pushes["refs/tags/v3", True, False, False]
    assert annotated["after"] != annotated["head_commit"]["id"]


async def test_a_pull_request_is_told_from_open_to_merged(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """Its head is followed, closing and reopening are told, and merging is a push as well."""
    await running.act(
        MARA, "open_pull_request", repository=PAD, title="Fuel", head="feature/fuel-gauge", draft=True
    )
    await running.act(
        MARA, "push", repository=PAD, branch="feature/fuel-gauge", messages=["More"], authors=[JONAS]
    )
    for action in ("close", "reopen", "merge"):
        await running.act(MARA, f"{action}_pull_request", repository=PAD, number=1)
    names = await told(running, receiver)
    assert sorted(names) == sorted(
        [
            "pull_request.opened",
            "push",
            "pull_request.synchronize",
            "pull_request.closed",
            "pull_request.reopened",
            "push",
            "pull_request.closed",
        ]
    )
    by_name = {one.name: one.payload for one in receiver.received}
    assert (
        by_name["pull_request.synchronize"]["after"]
        == by_name["pull_request.closed"]["pull_request"]["head"]["sha"]
    )
    merged = [one.payload for one in receiver.received if one.payload.get("pull_request", {}).get("merged")]
    assert [one["pull_request"]["merged_by"]["login"] for one in merged] == [MARA]


async def test_changes_of_a_repository_are_told(running: RunningSandbox, receiver: Receiver) -> None:
    """Name, branch, visibility and archive, with what they were before."""
    await running.act(MARA, "rename_repository", repository=PAD, name="pad")
    pad = "acme-rockets/pad"
    await running.act(MARA, "set_default_branch", repository=pad, branch="release/2026-09")
    for action in ("privatize", "publicize", "archive", "unarchive"):
        await running.act(MARA, f"{action}_repository", repository=pad)
    names = await told(running, receiver)
    assert sorted(names) == sorted(
        [
            "repository.renamed",
            "repository.edited",
            "repository.privatized",
            "repository.publicized",
            "public",
            "repository.archived",
            "repository.unarchived",
        ]
    )
    by_name = {one.name: one.payload for one in receiver.received}
    assert by_name["repository.renamed"]["changes"] == {"repository": {"name": {"from": "launchpad"}}}
    assert by_name["repository.edited"]["changes"] == {"default_branch": {"from": "main"}}


async def test_a_new_repository_joins_an_installation_of_all(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """It is told as created and as added; where repositories are selected nobody hears of it."""
    await running.act(MARA, "create_repository", owner="acme-rockets", name="unheard-of")
    assert await told(running, receiver) == []
    await everything_installed(running)
    receiver.received.clear()
    await running.act(MARA, "create_repository", owner="acme-rockets", name="heard-of")
    assert sorted(await told(running, receiver)) == ["installation_repositories.added", "repository.created"]


@pytest.mark.parametrize("told_of_deletion", [True, False])
async def test_a_deleted_repository_leaves_its_installation(
    running: RunningSandbox, receiver: Receiver, *, told_of_deletion: bool
) -> None:
    """Whether apps hear `deleted` is unsettled, so both ways can be had; `removed` always comes."""
    running.sandbox.behaviour.deleted_repositories_told = told_of_deletion
    await running.act(MARA, "delete_repository", repository=PAD)
    wanted = ["installation_repositories.removed"] + ["repository.deleted"] * told_of_deletion
    assert sorted(await told(running, receiver)) == wanted


async def test_a_transfer_is_lost_by_one_side_and_told_to_the_other(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """Away: removed alone. Here: transferred, and added where all repositories are included."""
    await running.act(MARA, "transfer_repository", repository=PAD, owner=MARA)
    assert await told(running, receiver) == ["installation_repositories.removed"]
    await everything_installed(running)
    receiver.received.clear()
    await running.act(MARA, "transfer_repository", repository=f"{MARA}/launchpad", owner="acme-rockets")
    assert sorted(await told(running, receiver)) == [
        "installation_repositories.added",
        "repository.transferred",
    ]
    by_name = {one.name: one.payload for one in receiver.received}
    assert by_name["repository.transferred"]["changes"]["owner"]["from"]["user"]["login"] == MARA


async def test_an_account_that_is_renamed_is_told_once(running: RunningSandbox, receiver: Receiver) -> None:
    """The installation keeps its id, and former names of repositories lead to the present ones."""
    await running.act(MARA, "rename_account", account="acme-rockets", login="acme-aero")
    assert await told(running, receiver) == ["installation_target.renamed"]
    payload = receiver.received[0].payload
    assert payload["changes"] == {"login": {"from": "acme-rockets"}}
    assert (payload["account"]["id"], payload["account"]["login"]) == (ACME, "acme-aero")
    answer = await running.api("GET", f"/repos/{PAD}", await running.installation_token())
    assert answer.headers["location"] == f"{running.api_url}/repositories/700000001"


async def test_an_installation_is_told_through_its_whole_life(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """Chosen repositories, suspension, new permissions, removal; installing again gives another id."""
    await running.act(
        MARA, "choose_repositories", installation=INSTALLATION, repositories=["launchpad", "telemetry"]
    )
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
    second = await running.act(
        MARA, "install", account="orbital-works", selection="selected", repositories=["docking"]
    )
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
        JONAS,
        "install",
        account="acme-rockets",
        selection="selected",
        repositories=["guidance", "billing"],
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


async def test_a_delivery_is_signed_and_addressed(running: RunningSandbox, receiver: Receiver) -> None:
    """All of GitHub's headers are there, both signatures over the exact bytes."""
    await running.act(MARA, "push", repository=PAD, messages=["Signed"])
    await running.delivered()
    one = receiver.received[0]
    secret = running.app.webhook_secret.encode()
    assert one.headers["x-hub-signature-256"] == f"sha256={hmac.new(secret, one.body, 'sha256').hexdigest()}"
    legacy = hmac.new(secret, one.body, hashlib.sha1).hexdigest()
    assert one.headers["x-hub-signature"] == f"sha1={legacy}"
    assert one.headers["content-type"] == "application/json"
    assert one.headers["user-agent"].startswith("GitHub-Hookshot/")
    assert one.headers["x-github-hook-installation-target-type"] == "integration"
    assert one.headers["x-github-hook-installation-target-id"] == str(running.app.id)
    assert one.headers["x-github-hook-id"].isdecimal()


async def test_a_failed_delivery_is_logged_and_not_tried_again(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """The log has status and answer; redelivering sends the same under the same GUID."""
    receiver.status = 503
    await running.act(MARA, "push", repository=PAD, messages=["Refused"])
    await running.delivered()
    listed = (await running.api("GET", "/app/hook/deliveries?status=failure")).json()
    assert [(one["status_code"], one["status"]) for one in listed] == [(503, "Invalid HTTP Response: 503")]
    whole = (await running.api("GET", f"/app/hook/deliveries/{listed[0]['id']}")).json()
    assert whole["request"]["payload"] == receiver.received[0].payload
    assert whole["response"]["payload"] == "thanks"
    receiver.status = 202
    await running.api("POST", f"/app/hook/deliveries/{listed[0]['id']}/attempts")
    await running.delivered()
    first, second = receiver.received
    assert (first.guid, first.body) == (second.guid, second.body)
    newest = (await running.api("GET", "/app/hook/deliveries")).json()[0]
    assert (newest["redelivery"], newest["status"], newest["guid"]) == (True, "OK", first.guid)


async def test_a_receiver_that_is_too_slow_or_away_is_given_up(
    running: RunningSandbox, receiver: Receiver
) -> None:
    """Neither has a status code, so the `failure` filter does not find them."""
    running.sandbox.behaviour.delivery_timeout = 0.1
    receiver.silent = True
    await running.act(MARA, "push", repository=PAD, messages=["Too slow"])
    await running.delivered()
    running.world.apps[running.app.id].webhook_url = "http://127.0.0.1:9/"
    running.sandbox.behaviour.delivery_timeout = 10
    await running.act(MARA, "push", repository=PAD, messages=["Away"])
    await running.delivered()
    listed = (await running.api("GET", "/app/hook/deliveries")).json()
    assert [one["status"] for one in listed] == ["failed to connect to host", "timed out"]
    assert (await running.api("GET", "/app/hook/deliveries?status=failure")).json() == []


async def test_the_log_is_read_by_cursor_and_forgets_after_three_days(running: RunningSandbox) -> None:
    """Pages follow each other without gap or repetition, newest first."""
    running.sandbox.behaviour.delivering = running.sandbox.behaviour.delivering.FAILING
    for number in range(5):
        await running.act(MARA, "push", repository=PAD, messages=[str(number)])
    seen, url = [], "/app/hook/deliveries?per_page=2"
    while url:
        page = await running.api("GET", url)
        seen += [one["id"] for one in page.json()]
        url = page.links.get("next", {}).get("url", "").removeprefix(running.api_url)
    assert seen == sorted(running.world.deliveries, reverse=True)
    oldest = running.world.deliveries[seen[-1]]
    oldest.delivered_at -= timedelta(days=3, seconds=1)
    assert len((await running.api("GET", "/app/hook/deliveries")).json()) == 4


async def test_deliveries_can_be_held_lost_or_never_made(running: RunningSandbox, receiver: Receiver) -> None:
    """Held ones go when released, failing ones are logged alone, and never means never."""
    for delivering in ("held", "failing", "never"):
        await running.control("PATCH", "/behaviour", delivering=delivering)
        await running.act(MARA, "push", repository=PAD, messages=[delivering])
    await running.delivered()
    assert receiver.received == []
    listed = (await running.client.get("/_sandbox/deliveries")).json()
    assert [one["status"] for one in listed] == [
        "failed to connect to host",
        "pending",
    ]
    assert await running.control("POST", "/deliveries/release") == {"released": 1}
    await running.control("POST", "/deliveries/drain")
    assert [one.payload["commits"][0]["message"] for one in receiver.received] == ["held"]


async def test_an_inactive_webhook_hears_nothing(running: RunningSandbox, receiver: Receiver) -> None:
    """An App may be registered with its webhook switched off."""
    await running.control("PATCH", "/apps/crewkit", webhook_active=False)
    await running.act(MARA, "push", repository=PAD, messages=["Unheard"])
    await running.delivered()
    assert receiver.received == []


async def test_many_deliveries_are_emitted_at_once(running: RunningSandbox, receiver: Receiver) -> None:
    """Five hundred pushes arrive, each once."""
    made = await running.control("POST", "/pushes", repository=PAD, count=500)
    async with asyncio.timeout(30):
        await running.delivered()
    assert len(made["guids"]) == 500
    assert sorted(one.guid for one in receiver.received) == sorted(made["guids"])
