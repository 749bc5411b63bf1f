"""The people whom a commit names: co-authors in its message, and the form in which addresses are compared."""

import re
import unicodedata
from functools import lru_cache

from core.domain.provider_events import Author

# A longer one is no address (RFC 5321 allows 254 characters), and cut short it would be another one.
MAX_ADDRESS = 320


@lru_cache(maxsize=16_384)
def normalize_address(email: str | None) -> str:
    """Return the form in which addresses are compared, or nothing for what is no address.

    Case never counts: no provider tells mailboxes apart by it. Unicode is brought to NFC, so that one letter
    has one form, and lowered rather than folded: folding would make one of `groß@` and `gross@`, two people.
    A domain in Unicode is compared in its ASCII form (RFC 5891), since some write the one, some the other.
    Look-alikes stay apart. None of this guards anything: whoever writes a commit may write any address.
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
    # Surrogates alone are no text, and no label either.
    return label.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode("punycode").decode()


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
