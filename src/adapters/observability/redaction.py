"""Take out of text and values what would let its reader in, wherever it came from."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"

# Each pattern with texts one of which is in whatever it matches: looking for those first makes an ordinary
# line ten times cheaper.
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # GitHub's tokens. Installation tokens come in two forms; the newer has no fixed length and holds dots:
    # https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
    (("_",), re.compile(r"gh[psuor]_[A-Za-z0-9._-]{16,}|github_pat_\w{16,}"), REDACTED),
    # A JWT or JWE, by the base64 of the `{"` that each begins with.
    (("eyJ",), re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){1,4}"), REDACTED),
    ((" ",), re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    # A webhook's signature, which would let its body be sent again.
    (("=",), re.compile(r"\b(sha1|sha256)=[0-9a-f]{40,64}", re.IGNORECASE), rf"\1={REDACTED}"),
    # User and password in a URL.
    (("://",), re.compile(r"://[^\s/?#]*@"), f"://{REDACTED}@"),
    # Query parameters of browser flows.
    (("=",), re.compile(r"([?&](?:code|state)=)[^\s&#\"']+"), rf"\1{REDACTED}"),
    # password=..., 'client_secret': '...', "access_token":"..."
    (
        ("=", '"', "'"),
        re.compile(
            r"(\b\w{0,40}(?:token|secret|password|passwd|signature|private_?key|verifier)"
            r"(?:=[\"']?|[\"']\s*:\s*[\"']))[^\s\"'&,;)}\]]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (
        ("-----BEGIN",),
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        REDACTED,
    ),
)
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|password|passwd|signature|private_?key|encryption_?key|verifier",
    re.IGNORECASE,
)


def redact(value: Any) -> Any:  # noqa: ANN401 - any log or alert value in, plain JSON values out
    """Return the value with every secret in it replaced, as plain JSON values."""
    match value:
        case str():
            return redact_text(value)
        case None | bool() | int() | float():
            return value
        case bytes():
            return redact_text(value.decode("utf-8", "replace"))
        case datetime():
            return value.isoformat()
        case dict() | Mapping():  # nearly all are dicts, and asking an abstract class costs more
            return {
                str(name): REDACTED if item is not None and names_secret(str(name)) else redact(item)
                for name, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [redact(item) for item in value]
        case _:
            return redact_text(str(value))


def redact_text(text: str) -> str:
    """Return the text with every secret that can be told by its looks replaced."""
    if not _may_hold_one(text):
        return text
    for needles, pattern, replacement in _PATTERNS:
        if any(map(text.__contains__, needles)):
            text = pattern.sub(replacement, text)
    return text


def _may_hold_one(text: str) -> bool:
    """Tell whether a text has any needle at all: most of what is logged has none.

    Written out, because a loop over them takes five times as long, and every request is logged.
    """
    return (
        "_" in text
        or " " in text
        or "=" in text
        or '"' in text
        or "'" in text
        or "eyJ" in text
        or "://" in text
        or "-----BEGIN" in text
    )


@lru_cache(maxsize=1024)
def names_secret(name: str) -> bool:
    """Tell whether what goes by this name is secret whatever it looks like."""
    return _SECRET_NAME.search(name) is not None
