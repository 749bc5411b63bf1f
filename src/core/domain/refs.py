"""Git refs: https://git-scm.com/docs/gitglossary#def_ref."""

from enum import Enum

_BRANCH = "refs/heads/"
_TAG = "refs/tags/"


class RefType(Enum):
    """The kind of a ref: `branch`, `tag`, or `other`, such as notes and the refs of pull requests."""

    BRANCH = "branch"
    TAG = "tag"
    OTHER = "other"


def parse_ref(ref: str) -> tuple[RefType, str]:
    """Return the kind of a full ref, and the name of the branch or tag or, of another ref, the full ref.

    Only the prefix is removed: names may contain slashes, `#` and any Unicode.
    """
    if ref.startswith(_BRANCH):
        return RefType.BRANCH, ref.removeprefix(_BRANCH)
    if ref.startswith(_TAG):
        return RefType.TAG, ref.removeprefix(_TAG)
    return RefType.OTHER, ref
