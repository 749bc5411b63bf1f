"""Pushes and merges, with their webhooks."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from itertools import chain, repeat
from typing import Any

import msgspec

from sandbox.actions import pull_requests
from sandbox.actions.rights import ActionRefused, get_repository
from sandbox.payloads.commits import render_commit
from sandbox.payloads.repositories import render_push_repository, render_webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.git_objects import README, create_commit, create_tag, get_commit
from sandbox.state.repositories import NO_COMMIT, Branch, Commit, RefUpdate, Repository, Signature
from sandbox.webhooks.emit import emit_repository_event

_SHORT = 12
# https://docs.github.com/webhooks/webhook-events-and-payloads#push
_MAX_COMMITS = 2_048


class Push(msgspec.Struct, forbid_unknown_fields=True):
    """A push to a branch, which is created if it is missing, or of a tag on the default branch.

    Each message creates a commit by the author at the same position. `authors` and `co_authors` are logins or
    any `Name <address>`. Without messages, a new branch starts at the default branch. Each commit adds or modifies
    `files` and deletes `removed`, or modifies the README if both are empty.
    """

    repository: str
    branch: str = ""
    tag: str = ""
    annotated: bool = False
    messages: list[str] = []
    authors: list[str] = []
    co_authors: list[str] = []
    files: list[str] = []
    removed: list[str] = []
    force: bool = False
    delete: bool = False


def push(sandbox: Sandbox, person: Account, command: Push) -> RefUpdate:
    """Push to a branch or tag."""
    repository = get_repository(sandbox.data, command.repository, person, "push")
    if repository.archived:
        raise ActionRefused(f"{command.repository} is archived, so it is read-only.")
    ref = f"refs/tags/{command.tag}" if command.tag else f"refs/heads/{command.branch or repository.default_branch}"
    before = _find_sha(repository, ref) or NO_COMMIT
    commits = () if command.delete or command.tag else _create_commits(sandbox, person, repository, command, before)
    after = commits[-1].sha if commits else _find_unchanged_head(repository, ref, before, command)
    if command.tag and command.annotated and not command.delete:
        after = _add_tag_object(sandbox, person, repository, command.tag, target=after)
    update = RefUpdate(ref, before, after, commits, command.force)
    _apply_update(repository, update)
    repository.pushed_at = repository.updated_at = sandbox.now()
    _emit_push(sandbox, person, repository, update)
    if update.created or update.deleted:
        _emit_ref_event(sandbox, person, repository, update)
    if not update.is_tag:
        pull_requests.update_pull_requests(sandbox, person, repository, update)
    return update


def merge_pull_request(sandbox: Sandbox, person: Account, command: pull_requests.PullRequestCommand) -> None:
    """Merge a pull request with a merge commit on its base branch."""
    repository, pull_request = pull_requests.get_pull_request(sandbox, person, command, open_now=True)
    message = f"Merge pull request #{pull_request.number} from {pull_request.head_ref}"
    merge_push = Push(repository=command.repository, branch=pull_request.base_ref, messages=[message])
    pull_request.merge_sha = push(sandbox, person, merge_push).after
    pull_request.merged_at = pull_request.closed_at = sandbox.now()
    pull_request.merged_by_id = person.id
    pull_requests.emit_pull_request(sandbox, person, repository, pull_request, "closed")


def _create_commits(
    sandbox: Sandbox, person: Account, repository: Repository, command: Push, before: str
) -> tuple[Commit, ...]:
    trailers = [
        f"Co-authored-by: {author.name} <{author.email}>" for author in _parse_signatures(sandbox, command.co_authors)
    ]
    authors = _parse_signatures(sandbox, command.authors) or [
        Signature(person.name or person.login, person.primary_email)
    ]
    commits: list[Commit] = []
    parents = _find_parents(repository, command, before)
    for message, author in zip(command.messages, chain(authors, repeat(authors[-1])), strict=False):
        full_message = "\n".join([message, "", *trailers]) if trailers else message
        commits.append(_add_unique_commit(repository, full_message, command, author, at=sandbox.now(), parents=parents))
        parents = [commits[-1].sha]
    return tuple(commits)


def _find_parents(repository: Repository, command: Push, before: str) -> list[str]:
    """Return the parents of the first new commit. A forced push replaces the head."""
    if before == NO_COMMIT:
        default = repository.branches.get(repository.default_branch)
        return [default.sha] if default else []
    return get_commit(repository, before).parents if command.force else [before]


def _add_unique_commit(
    repository: Repository, message: str, command: Push, author: Signature, *, at: datetime, parents: list[str]
) -> Commit:
    """Add a commit, one second later if an equal commit exists: equal commits have equal ids."""
    build = partial(
        create_commit,
        message,
        author=author,
        parents=parents,
        files=get_commit(repository, parents[0]).files if parents else {},
        changed=command.files if command.files or command.removed else [README],
        removed=command.removed,
    )
    commit = build(at=at)
    while commit.sha in repository.commits:
        at += timedelta(seconds=1)
        commit = build(at=at)
    repository.commits[commit.sha] = commit
    return commit


def _parse_signatures(sandbox: Sandbox, texts: list[str]) -> list[Signature]:
    signatures = []
    for text in filter(None, texts):
        account = sandbox.data.account(text)
        name, address = parseaddr(text)
        if account is not None:
            signatures.append(Signature(account.name or account.login, account.primary_email))
        elif "@" in address:
            signatures.append(Signature(name or address, address))
        else:
            raise ActionRefused(f"{text} is not a login and not of the form `Name <email>`.")
    return signatures


def _find_unchanged_head(repository: Repository, ref: str, before: str, command: Push) -> str:
    """Return the new commit id of the ref after a push without commits."""
    if command.delete:
        if before == NO_COMMIT or ref == f"refs/heads/{repository.default_branch}":
            raise ActionRefused(f"{ref} cannot be deleted: it does not exist, or it is the default branch.")
        return NO_COMMIT
    default = repository.branches.get(repository.default_branch)
    if default is None:
        raise ActionRefused("The repository is empty. Push at least one commit.")
    if before != NO_COMMIT and not command.force:
        raise ActionRefused(f"{ref} is up to date. Push at least one commit.")
    return default.sha


def _add_tag_object(sandbox: Sandbox, person: Account, repository: Repository, name: str, *, target: str) -> str:
    tagger = Signature(person.name or person.login, person.primary_email)
    sha, tag = create_tag(name, target, tagger=tagger, at=sandbox.now())
    repository.tag_objects[sha] = tag
    return sha


def _find_sha(repository: Repository, ref: str) -> str | None:
    if ref.startswith("refs/tags/"):
        return repository.tags.get(ref.removeprefix("refs/tags/"))
    branch = repository.branches.get(ref.removeprefix("refs/heads/"))
    return branch.sha if branch else None


def _apply_update(repository: Repository, update: RefUpdate) -> None:
    if update.deleted:
        (repository.tags if update.is_tag else repository.branches).pop(update.name)
    elif update.is_tag:
        repository.tags[update.name] = update.after
    else:
        repository.branches.setdefault(update.name, Branch(update.after)).sha = update.after


def _emit_push(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    links, data = sandbox.links, sandbox.data
    head = None
    if not update.deleted:
        sha = repository.branches[repository.default_branch].sha if update.is_tag else update.after
        head = render_commit(links, data, repository, get_commit(repository, sha))
    before, after = update.before[:_SHORT], update.after[:_SHORT]
    comparison = after if update.created else f"{before}...{after}"
    base_ref = f"refs/heads/{repository.default_branch}" if update.created and not update.commits else None
    payload = {
        "ref": update.ref,
        "before": update.before,
        "after": update.after,
        "repository": render_push_repository(links, data.accounts[repository.owner_id], repository),
        "pusher": {"name": person.login, "email": person.primary_email},
        "created": update.created,
        "deleted": update.deleted,
        "forced": update.forced,
        "base_ref": base_ref,
        "compare": f"{links.web}/{data.full_name(repository)}/compare/{comparison}",
        "commits": [render_commit(links, data, repository, commit) for commit in update.commits[-_MAX_COMMITS:]],
        "head_commit": head,
    }
    emit_repository_event(sandbox, "push", payload, sender=person, repository=repository)


def _emit_ref_event(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    owner = sandbox.data.accounts[repository.owner_id]
    payload: dict[str, Any] = {
        "ref": update.name,
        "ref_type": "tag" if update.is_tag else "branch",
        "pusher_type": "user",
        "repository": render_webhook_repository(sandbox.links, owner, repository),
    }
    if update.created:
        payload |= {"master_branch": repository.default_branch, "description": repository.description}
    event = "create" if update.created else "delete"
    emit_repository_event(sandbox, event, payload, sender=person, repository=repository)
