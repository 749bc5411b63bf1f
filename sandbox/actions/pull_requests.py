"""Actions on pull requests, with their webhooks."""

import msgspec

from sandbox.actions.rights import ActionRefused, get_repository
from sandbox.payloads.pull_requests import render_pull_request
from sandbox.payloads.repositories import render_webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import PullRequest, RefUpdate, Repository
from sandbox.webhooks.emit import emit_repository_event


class OpenPullRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new pull request. An empty `base` is the default branch."""

    repository: str
    title: str
    head: str
    base: str = ""
    body: str | None = None
    draft: bool = False


class PullRequestCommand(msgspec.Struct, forbid_unknown_fields=True):
    """A pull request of a repository."""

    repository: str
    number: int


def open_pull_request(sandbox: Sandbox, person: Account, command: OpenPullRequest) -> PullRequest:
    """Open a pull request."""
    repository = get_repository(sandbox.data, command.repository, person, "pull")
    base = command.base or repository.default_branch
    for branch in (command.head, base):
        if branch not in repository.branches:
            raise ActionRefused(f"{command.repository} has no branch {branch}.")
    if command.head == base:
        raise ActionRefused("A pull request needs two different branches.")
    now = sandbox.now()
    pull_request = PullRequest(
        id=sandbox.data.new_id("pull_request"),
        number=len(repository.pulls) + 1,
        title=command.title,
        author_id=person.id,
        head_ref=command.head,
        head_sha=repository.branches[command.head].sha,
        base_ref=base,
        base_sha=repository.branches[base].sha,
        created_at=now,
        updated_at=now,
        body=command.body,
        draft=command.draft,
    )
    repository.pulls[pull_request.number] = pull_request
    emit_pull_request(sandbox, person, repository, pull_request, "opened")
    return pull_request


def close_pull_request(sandbox: Sandbox, person: Account, command: PullRequestCommand) -> None:
    """Close a pull request without merging."""
    repository, pull_request = get_pull_request(sandbox, person, command, open_now=True)
    pull_request.closed_at = sandbox.now()
    emit_pull_request(sandbox, person, repository, pull_request, "closed")


def reopen_pull_request(sandbox: Sandbox, person: Account, command: PullRequestCommand) -> None:
    """Reopen a pull request that is closed and not merged."""
    repository, pull_request = get_pull_request(sandbox, person, command, open_now=False)
    if pull_request.merged_at is not None:
        raise ActionRefused(f"Pull request #{pull_request.number} is already merged.")
    pull_request.closed_at = None
    emit_pull_request(sandbox, person, repository, pull_request, "reopened")


def update_pull_requests(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    """Update the head of open pull requests after a push, or close them with their branch."""
    for pull_request in repository.pulls.values():
        if pull_request.head_ref == update.name and pull_request.state == "open":
            if update.deleted:
                pull_request.closed_at = sandbox.now()
                emit_pull_request(sandbox, person, repository, pull_request, "closed")
            else:
                pull_request.head_sha = update.after
                shas = {"before": update.before, "after": update.after}
                emit_pull_request(sandbox, person, repository, pull_request, "synchronize", **shas)


def get_pull_request(
    sandbox: Sandbox, person: Account, command: PullRequestCommand, *, open_now: bool
) -> tuple[Repository, PullRequest]:
    """Return a pull request that is open, or closed; raises `ActionRefused`."""
    repository = get_repository(sandbox.data, command.repository, person, "push")
    pull_request = repository.pulls.get(command.number)
    if pull_request is None or (pull_request.state == "open") is not open_now:
        raise ActionRefused(
            f"{command.repository} has no {'open' if open_now else 'closed'} pull request #{command.number}."
        )
    return repository, pull_request


def emit_pull_request(
    sandbox: Sandbox, person: Account, repository: Repository, pull_request: PullRequest, action: str, **more: str
) -> None:
    """Send a `pull_request` event."""
    pull_request.updated_at = sandbox.now()
    owner = sandbox.data.accounts[repository.owner_id]
    payload = {
        "action": action,
        "number": pull_request.number,
        **more,
        "pull_request": render_pull_request(sandbox.links, sandbox.data, repository, pull_request),
        "repository": render_webhook_repository(sandbox.links, owner, repository),
    }
    emit_repository_event(sandbox, "pull_request", payload, sender=person, repository=repository)
