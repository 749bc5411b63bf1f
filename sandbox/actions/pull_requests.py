"""What people do with pull requests, and who hears of it."""

import msgspec

from sandbox.actions.rights import ActionRefused, repository_named
from sandbox.payloads.pull_requests import pull_request
from sandbox.payloads.repositories import webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import PullRequest, RefUpdate, Repository
from sandbox.webhooks.emit import emit_about_repository


class OpenPullRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new pull request; `base` is the default branch where it is not named."""

    repository: str
    title: str
    head: str
    base: str = ""
    body: str | None = None
    draft: bool = False


class OnePullRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A pull request of a repository."""

    repository: str
    number: int


def open_(sandbox: Sandbox, person: Account, wish: OpenPullRequest) -> PullRequest:
    """Open it."""
    repository = repository_named(sandbox.world, wish.repository, person, "pull")
    base = wish.base or repository.default_branch
    for branch in (wish.head, base):
        if branch not in repository.branches:
            raise ActionRefused(f"{wish.repository} has no branch {branch}.")
    if wish.head == base:
        raise ActionRefused("A pull request needs two different branches.")
    now = sandbox.now()
    one = PullRequest(
        id=sandbox.world.new_id("pull_request"),
        number=len(repository.pulls) + 1,
        title=wish.title,
        author_id=person.id,
        head_ref=wish.head,
        head_sha=repository.branches[wish.head].sha,
        base_ref=base,
        base_sha=repository.branches[base].sha,
        created_at=now,
        updated_at=now,
        body=wish.body,
        draft=wish.draft,
    )
    repository.pulls[one.number] = one
    tell(sandbox, person, repository, one, "opened")
    return one


def close(sandbox: Sandbox, person: Account, wish: OnePullRequest) -> None:
    """Close it unmerged."""
    repository, one = pull_request_named(sandbox, person, wish, open_now=True)
    one.closed_at = sandbox.now()
    tell(sandbox, person, repository, one, "closed")


def reopen(sandbox: Sandbox, person: Account, wish: OnePullRequest) -> None:
    """Open it again; a merged one stays as it is."""
    repository, one = pull_request_named(sandbox, person, wish, open_now=False)
    if one.merged_at is not None:
        raise ActionRefused(f"Pull request #{one.number} is already merged.")
    one.closed_at = None
    tell(sandbox, person, repository, one, "reopened")


def follow_branch(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    """Let open pull requests follow their head: new commits, or closed with the branch."""
    for one in repository.pulls.values():
        if one.head_ref == update.name and one.state == "open":
            if update.deleted:
                one.closed_at = sandbox.now()
                tell(sandbox, person, repository, one, "closed")
            else:
                one.head_sha = update.after
                shas = {"before": update.before, "after": update.after}
                tell(sandbox, person, repository, one, "synchronize", **shas)


def pull_request_named(
    sandbox: Sandbox, person: Account, wish: OnePullRequest, *, open_now: bool
) -> tuple[Repository, PullRequest]:
    """Return the pull request, if it is open, or not, as demanded."""
    repository = repository_named(sandbox.world, wish.repository, person, "push")
    one = repository.pulls.get(wish.number)
    if one is None or (one.state == "open") is not open_now:
        raise ActionRefused(f"{wish.repository} has no {'open' if open_now else 'closed'} pull request #{wish.number}.")
    return repository, one


def tell(sandbox: Sandbox, person: Account, repository: Repository, one: PullRequest, action: str, **more: str) -> None:
    """Tell who hears of pull requests."""
    one.updated_at = sandbox.now()
    owner = sandbox.world.accounts[repository.owner_id]
    payload = {
        "action": action,
        "number": one.number,
        **more,
        "pull_request": pull_request(sandbox.links, sandbox.world, repository, one),
        "repository": webhook_repository(sandbox.links, owner, repository),
    }
    emit_about_repository(sandbox, "pull_request", payload, sender=person, repository=repository)
