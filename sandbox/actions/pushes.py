"""What people push, and who hears of it."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from itertools import chain, repeat
from typing import Any

import msgspec

from sandbox.actions import pull_requests
from sandbox.actions.rights import ActionRefused, repository_named
from sandbox.payloads.commits import commit
from sandbox.payloads.repositories import pushed_repository, webhook_repository
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.git_objects import commit_of, new_commit, new_tag
from sandbox.state.repositories import NO_COMMIT, Branch, Commit, RefUpdate, Repository, Signature
from sandbox.webhooks.emit import emit_about_repository

_SHORT = 12


class Push(msgspec.Struct, forbid_unknown_fields=True):
    """A push to a branch, which is made if it is not there, or of a tag on the default branch.

    Each message makes a commit, by the author of the same position; `authors` and `co_authors` are logins or
    `Name <address>`, which need not be anyone's. Without messages a new branch begins at the default one.
    """

    repository: str
    branch: str = ""
    tag: str = ""
    annotated: bool = False
    messages: list[str] = []
    authors: list[str] = []
    co_authors: list[str] = []
    force: bool = False
    delete: bool = False


def push(sandbox: Sandbox, person: Account, wish: Push) -> RefUpdate:
    """Push."""
    repository = repository_named(sandbox.world, wish.repository, person, "push")
    if repository.archived:
        raise ActionRefused(f"{wish.repository} is archived, so it is read-only.")
    ref = f"refs/tags/{wish.tag}" if wish.tag else f"refs/heads/{wish.branch or repository.default_branch}"
    before = _sha(repository, ref) or NO_COMMIT
    made = () if wish.delete or wish.tag else _commits(sandbox, person, repository, wish, before)
    after = made[-1].sha if made else _unchanged_head(repository, ref, before, wish)
    if wish.tag and wish.annotated and not wish.delete:
        after = _add_tag_object(sandbox, person, repository, wish.tag, target=after)
    update = RefUpdate(ref, before, after, made, wish.force)
    _apply(repository, update)
    repository.pushed_at = repository.updated_at = sandbox.now()
    _tell(sandbox, person, repository, update)
    if update.created or update.deleted:
        _tell_shortly(sandbox, person, repository, update)
    if not update.is_tag:
        pull_requests.follow_branch(sandbox, person, repository, update)
    return update


def _commits(sandbox: Sandbox, person: Account, repository: Repository, wish: Push, before: str) -> tuple[Commit, ...]:
    trailers = [f"Co-authored-by: {one.name} <{one.email}>" for one in _signatures(sandbox, wish.co_authors)]
    authors = _signatures(sandbox, wish.authors) or [Signature(person.name or person.login, person.primary_email)]
    made: list[Commit] = []
    parents = _parents(repository, wish, before)
    for message, author in zip(wish.messages, chain(authors, repeat(authors[-1])), strict=False):
        whole = "\n".join([message, "", *trailers]) if trailers else message
        made.append(_unique_commit(repository, whole, author=author, at=sandbox.now(), parents=parents))
        parents = [made[-1].sha]
    return tuple(made)


def _parents(repository: Repository, wish: Push, before: str) -> list[str]:
    """Return what the first new commit follows; a forced push replaces the head instead."""
    if before == NO_COMMIT:
        default = repository.branches.get(repository.default_branch)
        return [default.sha] if default else []
    return commit_of(repository, before).parents if wish.force else [before]


def _unique_commit(
    repository: Repository, message: str, *, author: Signature, at: datetime, parents: list[str]
) -> Commit:
    """Add a commit, a second later if an equal one exists: equal commits have equal names."""
    made = new_commit(message, author=author, at=at, parents=parents)
    while made.sha in repository.commits:
        at += timedelta(seconds=1)
        made = new_commit(message, author=author, at=at, parents=parents)
    repository.commits[made.sha] = made
    return made


def _signatures(sandbox: Sandbox, named: list[str]) -> list[Signature]:
    found = []
    for text in filter(None, named):
        account = sandbox.world.account(text)
        name, address = parseaddr(text)
        if account is not None:
            found.append(Signature(account.name or account.login, account.primary_email))
        elif "@" in address:
            found.append(Signature(name or address, address))
        else:
            raise ActionRefused(f"{text} is not a login and not of the form `Name <email>`.")
    return found


def _unchanged_head(repository: Repository, ref: str, before: str, wish: Push) -> str:
    """Return where a push without commits leaves the ref."""
    if wish.delete:
        if before == NO_COMMIT or ref == f"refs/heads/{repository.default_branch}":
            raise ActionRefused(f"{ref} cannot be deleted: it does not exist, or it is the default branch.")
        return NO_COMMIT
    default = repository.branches.get(repository.default_branch)
    if default is None:
        raise ActionRefused("The repository is empty. Push at least one commit.")
    if before != NO_COMMIT and not wish.force:
        raise ActionRefused(f"{ref} is up to date. Push at least one commit.")
    return default.sha


def _add_tag_object(sandbox: Sandbox, person: Account, repository: Repository, name: str, *, target: str) -> str:
    tagger = Signature(person.name or person.login, person.primary_email)
    sha, tag = new_tag(name, target, tagger=tagger, at=sandbox.now())
    repository.tag_objects[sha] = tag
    return sha


def _sha(repository: Repository, ref: str) -> str | None:
    if ref.startswith("refs/tags/"):
        return repository.tags.get(ref.removeprefix("refs/tags/"))
    branch = repository.branches.get(ref.removeprefix("refs/heads/"))
    return branch.sha if branch else None


def _apply(repository: Repository, update: RefUpdate) -> None:
    if update.deleted:
        (repository.tags if update.is_tag else repository.branches).pop(update.name)
    elif update.is_tag:
        repository.tags[update.name] = update.after
    else:
        repository.branches.setdefault(update.name, Branch(update.after)).sha = update.after


def _tell(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    links, world = sandbox.links, sandbox.world
    head = None
    if not update.deleted:
        sha = repository.branches[repository.default_branch].sha if update.is_tag else update.after
        head = commit(links, world, repository, commit_of(repository, sha))
    before, after = update.before[:_SHORT], update.after[:_SHORT]
    span = after if update.created else f"{before}...{after}"
    begun_at = f"refs/heads/{repository.default_branch}" if update.created and not update.commits else None
    payload = {
        "ref": update.ref,
        "before": update.before,
        "after": update.after,
        "repository": pushed_repository(links, world.accounts[repository.owner_id], repository),
        "pusher": {"name": person.login, "email": person.primary_email},
        "created": update.created,
        "deleted": update.deleted,
        "forced": update.forced,
        "base_ref": begun_at,
        "compare": f"{links.web}/{world.full_name(repository)}/compare/{span}",
        "commits": [commit(links, world, repository, one) for one in update.commits],
        "head_commit": head,
    }
    emit_about_repository(sandbox, "push", payload, sender=person, repository=repository)


def _tell_shortly(sandbox: Sandbox, person: Account, repository: Repository, update: RefUpdate) -> None:
    owner = sandbox.world.accounts[repository.owner_id]
    payload: dict[str, Any] = {
        "ref": update.name,
        "ref_type": "tag" if update.is_tag else "branch",
        "pusher_type": "user",
        "repository": webhook_repository(sandbox.links, owner, repository),
    }
    if update.created:
        payload |= {"master_branch": repository.default_branch, "description": repository.description}
    event = "create" if update.created else "delete"
    emit_about_repository(sandbox, event, payload, sender=person, repository=repository)
