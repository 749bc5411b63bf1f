import re

from core.domain.provider_events import Author

# "Co-authored-by: Name <address>" on a line of its own, as GitHub's documentation describes; case is ignored.
# Whoever may push writes these lines. No two neighbours here match the same character, so that a line has one
# way to match or fail: with the blanks around the name spelt out, 10,000 of them would take hours.
_CO_AUTHOR = re.compile(r"^co-authored-by:([^<\r\n]*)<([^<>\s]+)>[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


def parse_co_authors(message: str) -> tuple[Author, ...]:
    """Return the co-authors a commit message names, each address once, in order."""
    if "authored-by" not in message.lower():
        # Nearly always, and a fraction of what looking at every line costs.
        return ()
    found = {email.lower(): Author(name.strip(" \t"), email) for name, email in _CO_AUTHOR.findall(message)}
    return tuple(found.values())
