"""Responses about commits and trees. https://docs.github.com/rest/commits, https://docs.github.com/rest/git/trees."""

from collections.abc import Iterator

import msgspec


class CommitResponse(msgspec.Struct):
    """A commit."""

    sha: str


class ChangedFile(msgspec.Struct):
    """A file of a comparison. A renamed file has its former path too."""

    filename: str
    previous_filename: str | None = None
    status: str = ""


class ComparisonResponse(msgspec.Struct):
    """A comparison: the files that differ between the merge base and the head.

    The list is required: an empty list would mean that no file changed.
    """

    merge_base_commit: CommitResponse
    files: list[ChangedFile]

    def list_paths(self) -> Iterator[str]:
        """Return the paths before and after renames. A copied file leaves the other one unchanged."""
        for file in self.files:
            yield file.filename
            if file.previous_filename is not None and file.status == "renamed":
                yield file.previous_filename


class TreeEntry(msgspec.Struct, gc=False):
    """A file, a directory (`tree`) or a submodule (`commit`)."""

    path: str
    sha: str
    mode: str = ""
    type: str = "blob"

    @property
    def is_directory(self) -> bool:
        """Whether the entry is a directory."""
        return self.type == "tree"


class TreeResponse(msgspec.Struct):
    """A tree, with all its subdirectories if they were requested and fit into a response."""

    tree: list[TreeEntry]
    truncated: bool = False
