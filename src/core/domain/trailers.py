import re

from core.domain.notices import Author

# "Co-authored-by: Name <address>" on a line of its own, as GitHub's documentation describes; case is ignored.
_CO_AUTHOR = re.compile(
    r"^co-authored-by:[ \t]*([^<\r\n]*?)[ \t]*<([^<>\s]+)>[ \t]*$", re.IGNORECASE | re.MULTILINE
)


def co_authors(message: str) -> tuple[Author, ...]:
    """Return the co-authors a commit message names, each address once, in order."""
    found = {email.lower(): Author(name, email) for name, email in _CO_AUTHOR.findall(message)}
    return tuple(found.values())
