"""The git objects behind the sandbox's commits, so that their names are real and `git clone` works.

The world keeps only names and a few fields. Objects are built from these again for each fetch, so each
function here must always build the same bytes from the same fields.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dulwich.objects import Blob, ObjectID, ShaFile, Tag, Tree
from dulwich.objects import Commit as GitCommit

from sandbox.state.repositories import NO_COMMIT, Branch, Commit, Repository, Signature, TagObject

README = "README.md"
FIRST_MESSAGE = "Begin"
_FIRST_AUTHOR = Signature("Sandbox", "sandbox@crewkit.example")
_FIRST_TIME = datetime(2024, 2, 1, 8, tzinfo=UTC)
_FILE_MODE = 0o100644


def new_commit(
    message: str, *, author: Signature, at: datetime, parents: Sequence[str], committer: Signature | None = None
) -> Commit:
    """Return a commit that changes the README, with the names that git gives to it and its tree."""
    commit = Commit("", "", message, at, author, committer or author, modified=[README], parents=list(parents))
    commit.tree = _tree(commit)[-1].id.decode()
    commit.sha = _commit(commit).id.decode()
    return commit


def first_commit(text: str) -> Commit:
    """Return the commit without parents that a repository begins with; equal for equal texts."""
    commit = new_commit(f"{FIRST_MESSAGE}\n\n{text}", author=_FIRST_AUTHOR, at=_FIRST_TIME, parents=())
    commit.added, commit.modified = [README], []
    return commit


def add_first_branch(repository: Repository, name: str, text: str, *, protected: bool = False) -> None:
    """Give the repository a branch that begins with the first commit of this text."""
    sha = first_commit(text).sha
    repository.first_commits[sha] = text
    repository.branches[name] = Branch(sha, protected=protected)


def new_tag(name: str, target: str, *, tagger: Signature, at: datetime) -> tuple[str, TagObject]:
    """Return an annotated tag of a commit, and the name that git gives to it."""
    tag = TagObject(name, target, tagger, at)
    return _tag(tag).id.decode(), tag


def find_commit(repository: Repository, sha: str) -> Commit | None:
    """Return a commit that the repository has, pushed or first; None for a name that only looks like one."""
    text = repository.first_commits.get(sha)
    return repository.commits.get(sha) or (first_commit(text) if text is not None else None)


def commit_of(repository: Repository, sha: str) -> Commit:
    """Return a commit; one that was set by name alone, as tests do, has a first commit's content."""
    return find_commit(repository, sha) or replace(first_commit(sha), sha=sha)


def objects_of(repository: Repository) -> Iterator[ShaFile]:
    """Build every object that the repository's branches and tags lead to."""
    waiting = [branch.sha for branch in repository.branches.values()] + list(repository.tags.values())
    seen = {NO_COMMIT}
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        seen.add(sha)
        tag, commit = repository.tag_objects.get(sha), find_commit(repository, sha)
        if tag is not None:
            yield _tag(tag)
            waiting.append(tag.target)
        elif commit is not None:
            yield _commit(commit)
            yield from _tree(commit)
            waiting.extend(commit.parents)


def _tree(commit: Commit) -> tuple[Blob, Tree]:
    blob = Blob.from_string(f"{commit.message}\n".encode())
    tree = Tree()
    tree.add(README.encode(), _FILE_MODE, blob.id)
    return blob, tree


def _commit(commit: Commit) -> GitCommit:
    built = GitCommit()
    built.tree = commit.tree.encode()
    built.parents = [ObjectID(parent.encode()) for parent in commit.parents]
    built.author, built.committer = _identity(commit.author), _identity(commit.committer)
    built.author_time = built.commit_time = int(commit.at.timestamp())
    built.author_timezone = built.commit_timezone = 0
    built.message = commit.message.encode()
    return built


def _tag(tag: TagObject) -> Tag:
    built = Tag()
    built.name, built.message = tag.name.encode(), f"{tag.name}\n".encode()
    built.object = (GitCommit, tag.target.encode())
    built.tagger, built.tag_time, built.tag_timezone = _identity(tag.tagger), int(tag.at.timestamp()), 0
    return built


def _identity(signature: Signature) -> bytes:
    """Write a name and an address as git does, which removes the characters that delimit them."""
    name, email = (
        "".join(character for character in text if character not in "<>\n\0")
        for text in (signature.name, signature.email)
    )
    return f"{name} <{email}>".encode()
