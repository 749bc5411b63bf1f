"""Merging, which is both a push and the end of a pull request."""

from sandbox.actions.pull_requests import OnePullRequest, pull_request_named, tell
from sandbox.actions.pushes import Push, push
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account


def merge(sandbox: Sandbox, person: Account, wish: OnePullRequest) -> None:
    """Merge it by a commit of its own on the base."""
    repository, one = pull_request_named(sandbox, person, wish, open_now=True)
    message = f"Merge pull request #{one.number} from {one.head_ref}"
    merged = Push(repository=wish.repository, branch=one.base_ref, messages=[message])
    one.merge_sha = push(sandbox, person, merged).after
    one.merged_at = one.closed_at = sandbox.now()
    one.merged_by_id = person.id
    tell(sandbox, person, repository, one, "closed")
