"""The git objects of the sandbox's commits, so that `git clone` works.

The sandbox stores only names and a few fields, and builds the objects for each fetch. So each function
must always build the same bytes from the same fields.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
_DIRECTORY_MODE = 0o040000


def create_commit(
    message: str,
    *,
    author: Signature,
    at: datetime,
    parents: Sequence[str],
    files: Mapping[str, str] | None = None,
    changed: Collection[str] = (README,),
    removed: Collection[str] = (),
) -> Commit:
    """Return a commit, with the ids that git computes for it and its tree.

    Of the parent's `files`, it removes some and changes or adds others, whose content is then the message.
    """
    known = files or {}
    commit = Commit("", "", message, at, author, author, parents=list(parents))
    commit.files = {path: text for path, text in known.items() if path not in removed}
    commit.files |= dict.fromkeys(changed, f"{message}\n")
    commit.added = sorted(path for path in changed if path not in known)
    commit.modified = sorted(path for path in changed if path in known)
    commit.removed = sorted(path for path in removed if path in known)
    commit.tree = build_trees(commit)[""].id.decode()
    commit.sha = _build_commit(commit).id.decode()
    return commit


def create_first_commit(text: str) -> Commit:
    """Return the first commit of a repository, which has no parents. Equal texts give equal commits."""
    return create_commit(f"{FIRST_MESSAGE}\n\n{text}", author=_FIRST_AUTHOR, at=_FIRST_TIME, parents=())


def add_first_branch(repository: Repository, name: str, text: str, *, protected: bool = False) -> None:
    """Add a branch with the first commit of this text."""
    sha = create_first_commit(text).sha
    repository.first_commits[sha] = text
    repository.branches[name] = Branch(sha, protected=protected)


def create_tag(name: str, target: str, *, tagger: Signature, at: datetime) -> tuple[str, TagObject]:
    """Return the id and the object of an annotated tag of a commit."""
    tag = TagObject(name, target, tagger, at)
    return _build_tag(tag).id.decode(), tag


def find_commit(repository: Repository, sha: str) -> Commit | None:
    """Return a pushed or first commit of the repository, or None for an unknown id."""
    text = repository.first_commits.get(sha)
    return repository.commits.get(sha) or (create_first_commit(text) if text is not None else None)


def get_commit(repository: Repository, sha: str) -> Commit:
    """Return a commit. An unknown id, which only tests set, gets the content of a first commit."""
    return find_commit(repository, sha) or replace(create_first_commit(sha), sha=sha)


def build_objects(repository: Repository) -> Iterator[ShaFile]:
    """Build every object that is reachable from the branches and tags."""
    waiting = [branch.sha for branch in repository.branches.values()] + list(repository.tags.values())
    seen = {NO_COMMIT}
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        seen.add(sha)
        tag, commit = repository.tag_objects.get(sha), find_commit(repository, sha)
        if tag is not None:
            yield _build_tag(tag)
            waiting.append(tag.target)
        elif commit is not None:
            yield _build_commit(commit)
            yield from (build_blob(text) for text in set(commit.files.values()))
            yield from build_trees(commit).values()
            waiting.extend(commit.parents)


def build_blob(text: str) -> Blob:
    """Return the object of a file's content."""
    return Blob.from_string(text.encode())


def build_trees(commit: Commit) -> dict[str, Tree]:
    """Return the trees of a commit's directories, by path; the path of the root directory is empty."""
    blobs = {text: build_blob(text).id for text in set(commit.files.values())}
    trees = {"": Tree()}
    for path, text in commit.files.items():
        *parents, name = path.split("/")
        for depth in range(1, len(parents) + 1):
            trees.setdefault("/".join(parents[:depth]), Tree())
        trees["/".join(parents)].add(name.encode(), _FILE_MODE, blobs[text])
    # The deepest first, because the id of a tree depends on its entries.
    for path in sorted(filter(None, trees), key=lambda path: path.count("/"), reverse=True):
        parent, _, name = path.rpartition("/")
        trees[parent].add(name.encode(), _DIRECTORY_MODE, trees[path].id)
    return trees


def _build_commit(commit: Commit) -> GitCommit:
    commit_object = GitCommit()
    commit_object.tree = commit.tree.encode()
    commit_object.parents = [ObjectID(parent.encode()) for parent in commit.parents]
    commit_object.author, commit_object.committer = _format_identity(commit.author), _format_identity(commit.committer)
    commit_object.author_time = commit_object.commit_time = int(commit.at.timestamp())
    commit_object.author_timezone = commit_object.commit_timezone = 0
    commit_object.message = commit.message.encode()
    return commit_object


def _build_tag(tag: TagObject) -> Tag:
    tag_object = Tag()
    tag_object.name, tag_object.message = tag.name.encode(), f"{tag.name}\n".encode()
    tag_object.object = (GitCommit, tag.target.encode())
    tag_object.tagger, tag_object.tag_time, tag_object.tag_timezone = (
        _format_identity(tag.tagger),
        int(tag.at.timestamp()),
        0,
    )
    return tag_object


def _format_identity(signature: Signature) -> bytes:
    """Return a name and an address in git's format, without the characters that delimit them."""
    name, email = (
        "".join(character for character in text if character not in "<>\n\0")
        for text in (signature.name, signature.email)
    )
    return f"{name} <{email}>".encode()
