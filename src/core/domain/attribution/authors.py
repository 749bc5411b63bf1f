"""Email addresses and co-authors of commits."""

import re
import unicodedata
from functools import lru_cache

from core.domain.provider_events import Author

# RFC 5321 allows 254 characters. A longer address is invalid, and a truncated one would be another address.
MAX_ADDRESS = 320


@lru_cache(maxsize=16_384)
def normalize_address(email: str | None) -> str:
    """Return the form in which addresses are compared, or an empty text for an invalid address.

    Case is ignored, as all providers do. Unicode is normalized to NFC and lowered, not folded: folding would make
    `groß@` and `gross@` the same address. A Unicode domain is compared in its ASCII form (RFC 5891). Look-alikes stay
    different. This protects nothing: the author of a commit can write any address.
    """
    if email is None or len(email) > MAX_ADDRESS:
        return ""
    email = email.strip()
    if not email.isascii():
        email = unicodedata.normalize("NFC", email)
    local, at, domain = email.lower().rpartition("@")
    if not local or not domain:
        return ""
    return f"{local}{at}{domain if domain.isascii() else _ascii(domain)}"


def _ascii(domain: str) -> str:
    labels = unicodedata.normalize("NFC", domain).split(".")
    return ".".join(label if label.isascii() else f"xn--{_punycode(label)}" for label in labels)


def _punycode(label: str) -> str:
    # Surrogates alone are not valid text.
    return label.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode("punycode").decode()


# A separate line "Co-authored-by: Name <address>", as GitHub's documentation describes; case is ignored. Any
# pusher can write these lines. Neighbouring parts match different characters, so that a line can match in only one
# way: otherwise 10,000 blanks around a name would take hours.
_CO_AUTHOR = re.compile(r"^co-authored-by:([^<\r\n]*)<([^<>\s]+)>[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


def parse_co_authors(message: str) -> tuple[Author, ...]:
    """Return the co-authors in a commit message, each address once, in order."""
    if "authored-by" not in message.lower():
        # True for almost all messages, and much cheaper than matching every line.
        return ()
    authors = {email.lower(): Author(name.strip(" \t"), email) for name, email in _CO_AUTHOR.findall(message)}
    return tuple(authors.values())
