"""Webhooks about repositories: pushes, pull requests, changes."""

import pytest

from tests.support.fakes.webhook_receiver import Receiver, wait_for_deliveries
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, PAD, PRIYA, RunningSandbox

ZEROS = "0" * 40


async def install_all_repositories(running: RunningSandbox) -> None:
    """Give the installation all repositories, and discard the webhook about it."""
    await running.act(MARA, "choose_repositories", installation=INSTALLATION, selection="all")
    await running.wait_for_deliveries()


async def test_sends_a_push_with_its_commits(running: RunningSandbox, receiver: Receiver) -> None:
    """Authors are those of the push, with the login of an account that has the address."""
    done = await running.act(
        MARA,
        "push",
        repository=PAD,
        messages=["Light the fuse", "Run"],
        authors=[JONAS, "Sam <sam@nowhere.example>"],
        co_authors=[PRIYA],
    )
    assert await wait_for_deliveries(running, receiver) == ["push"]
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


async def test_sends_each_kind_of_push(running: RunningSandbox, receiver: Receiver) -> None:
    """Branches and tags are created, forced and deleted, with the zeros and flags of each."""
    running.data.installations[INSTALLATION].events += ["create", "delete"]
    for body in (
        {"branch": "fix/größe#1"},
        {"branch": "fix/größe#1", "messages": ["Again"], "force": True},
        {"branch": "fix/größe#1", "delete": True},
        {"tag": "v2"},
        {"tag": "v3", "annotated": True},
        {"tag": "v3", "delete": True},
    ):
        await running.act(MARA, "push", repository=PAD, **body)
    assert sorted(await wait_for_deliveries(running, receiver)) == sorted(
        ["push"] * 6 + ["create"] * 3 + ["delete"] * 2
    )
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


async def test_sends_each_step_of_a_pull_request(running: RunningSandbox, receiver: Receiver) -> None:
    """New commits, closing and reopening; a merge is a push, too."""
    await running.act(MARA, "open_pull_request", repository=PAD, title="Fuel", head="feature/fuel-gauge", draft=True)
    await running.act(MARA, "push", repository=PAD, branch="feature/fuel-gauge", messages=["More"], authors=[JONAS])
    for action in ("close", "reopen", "merge"):
        await running.act(MARA, f"{action}_pull_request", repository=PAD, number=1)
    names = await wait_for_deliveries(running, receiver)
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
    assert by_name["pull_request.synchronize"]["after"] == by_name["pull_request.closed"]["pull_request"]["head"]["sha"]
    merged = [one.payload for one in receiver.received if one.payload.get("pull_request", {}).get("merged")]
    assert [one["pull_request"]["merged_by"]["login"] for one in merged] == [MARA]


async def test_sends_changes_of_a_repository(running: RunningSandbox, receiver: Receiver) -> None:
    """Name, branch, visibility and archive, with the former values."""
    await running.act(MARA, "rename_repository", repository=PAD, name="pad")
    pad = "acme-rockets/pad"
    await running.act(MARA, "set_default_branch", repository=pad, branch="release/2026-09")
    for action in ("privatize", "publicize", "archive", "unarchive"):
        await running.act(MARA, f"{action}_repository", repository=pad)
    names = await wait_for_deliveries(running, receiver)
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


async def test_new_repository_joins_an_installation_of_all(running: RunningSandbox, receiver: Receiver) -> None:
    """Sent as created and added; an installation of selected repositories receives nothing."""
    await running.act(MARA, "create_repository", owner="acme-rockets", name="unheard-of")
    assert await wait_for_deliveries(running, receiver) == []
    await install_all_repositories(running)
    receiver.received.clear()
    await running.act(MARA, "create_repository", owner="acme-rockets", name="observed")
    assert sorted(await wait_for_deliveries(running, receiver)) == [
        "installation_repositories.added",
        "repository.created",
    ]


@pytest.mark.parametrize("sends_deletion", [True, False])
async def test_deleted_repository_leaves_its_installation(
    running: RunningSandbox, receiver: Receiver, *, sends_deletion: bool
) -> None:
    """GitHub's documentation is unclear about `deleted`, so both ways exist; `removed` is always sent."""
    # language: allow "told" - a field of the control API
    running.sandbox.behaviour.deleted_repositories_told = sends_deletion
    await running.act(MARA, "delete_repository", repository=PAD)
    wanted = ["installation_repositories.removed"] + ["repository.deleted"] * sends_deletion
    assert sorted(await wait_for_deliveries(running, receiver)) == wanted


async def test_sends_a_transfer_to_both_sides(running: RunningSandbox, receiver: Receiver) -> None:
    """`removed` to the former owner; `transferred`, and `added` where all repositories are included."""
    await running.act(MARA, "transfer_repository", repository=PAD, owner=MARA)
    assert await wait_for_deliveries(running, receiver) == ["installation_repositories.removed"]
    await install_all_repositories(running)
    receiver.received.clear()
    await running.act(MARA, "transfer_repository", repository=f"{MARA}/launchpad", owner="acme-rockets")
    assert sorted(await wait_for_deliveries(running, receiver)) == [
        "installation_repositories.added",
        "repository.transferred",
    ]
    by_name = {one.name: one.payload for one in receiver.received}
    assert by_name["repository.transferred"]["changes"]["owner"]["from"]["user"]["login"] == MARA
