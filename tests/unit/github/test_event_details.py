"""The parts of pushes and pull requests that say more than what happened."""

import json
from typing import Any

import pytest

from core.domain.provider_events import PullRequest, PullRequestChanges, Push
from tests.support.builders.webhooks import protocol
from tests.support.scenarios.processing import payload


def read_pull_request(changes: object, **fields: Any) -> PullRequest:
    """Return a pull request that was edited."""
    body = payload("pull_request/opened")
    body |= {"action": "edited", "changes": changes, "pull_request": body["pull_request"] | fields}
    pull = protocol().decode("pull_request", json.dumps(body).encode())
    assert isinstance(pull, PullRequest)
    return pull


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": {"from": "Launch"}}, PullRequestChanges(previous_title="Launch")),
        (
            {"base": {"ref": {"from": "main"}, "sha": {"from": "c" * 40}}, "title": 5},
            PullRequestChanges(previous_base_ref="main", previous_base_sha="c" * 40),
        ),
        ({"body": {"from": "text"}}, None),
        ({"title": {}}, None),
        ([], None),
        (None, None),
    ],
)
def test_reads_what_was_edited(changes: object, expected: PullRequestChanges | None) -> None:
    """Other edits, such as of the description, have no changes."""
    assert read_pull_request(changes).changes == expected


def test_reads_labels_that_have_a_name() -> None:
    assert read_pull_request({}, labels=[{"name": "bug"}, {"id": 1}, None, {"name": "größe"}]).labels == (
        "bug",
        "größe",
    )
    assert read_pull_request({}, labels=None).labels == ()


@pytest.mark.parametrize(
    ("ref", "is_merge_queue"),
    [
        ("refs/heads/gh-readonly-queue/main/pr-12-" + "a" * 40, True),
        ("refs/heads/gh-readonly-queue", False),
        ("refs/tags/gh-readonly-queue/main", False),
    ],
)
def test_reads_branches_of_a_merge_queue_and_known_commits(ref: str, *, is_merge_queue: bool) -> None:
    body = payload("push/branch") | {"ref": ref}
    body["commits"][0]["distinct"] = False
    push = protocol().decode("push", json.dumps(body).encode())
    assert isinstance(push, Push)
    assert push.is_merge_queue is is_merge_queue
    assert [commit.distinct for commit in push.commits] == [False, True]


def test_pull_request_without_a_head_is_external() -> None:
    """If the head is unknown, it may be a fork."""
    pull = read_pull_request({}, head=None, base=5)
    assert pull.base.repo_id == pull.repository.repo_id
    assert pull.head.repo_id is None


def test_reads_a_head_commit_that_repeats_the_last_commit_once() -> None:
    body = payload("push/branch")
    body["head_commit"] = body["commits"][-1]
    push = protocol().decode("push", json.dumps(body).encode())
    assert isinstance(push, Push)
    assert push.head_commit is push.commits[-1]


def test_reads_a_head_commit_that_differs_from_the_last_commit() -> None:
    body = payload("push/branch")
    body["head_commit"] = body["commits"][-1] | {"message": "Another message"}
    push = protocol().decode("push", json.dumps(body).encode())
    assert isinstance(push, Push)
    assert push.head_commit is not None
    assert push.head_commit.message == "Another message"
    assert push.commits[-1].message == body["commits"][-1]["message"] != "Another message"
