"""Parsers of webhook secrets and encryption keys, which must be random."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from core.domain.secret import Secret
from entrypoints.settings.problem import ValueRefused
from entrypoints.settings.text import split_list, unquote

KEY_BYTES = 32  # AES-256
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
MIN_SECRET_BYTES = 16
# 16 random hexadecimal digits have fewer than 5 different digits less than once in a million cases. 32 random
# bytes practically never have fewer than 8 different values.
_MIN_DISTINCT_OF_SECRET = 5
_MIN_DISTINCT_OF_KEY = 8
# Of 15 random bytes one in a billion groups has so many steps alike; of longer secrets fewer still.
_REGULAR_SHARE = 0.75
_WORDS = re.compile(
    r"change|me|replace|this|with|your|my|the|example|sample|dummy|default|placeholder|password|passwd"
    r"|secret|webhook|github|crewkit|git|key|token|test|admin|letmein|qwerty|value|insert|here|todo|xxx+"
)
_MIN_REST = 8
_STRONGER = "Generate a secret with `openssl rand -hex 32` and enter it on the GitHub App's page too"
_COMMA_REMEDY = (
    "If a secret contains a comma, write the secrets into a file, one per line, and set "
    "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS_FILE to its path"
)
_KEY_REMEDY = "Create a key with `crewkit-git keys new`"


def parse_webhook_secrets(text: str) -> tuple[Secret, ...]:
    """Parse webhook secrets separated by commas, each long enough and random."""
    return _strong_secrets([unquote(item) for item in text.split(",")]) if text else ()


def parse_webhook_secret_lines(text: str) -> tuple[Secret, ...]:
    """Parse webhook secrets from a file, one per line. Here a secret may contain commas."""
    return _strong_secrets([unquote(line) for line in text.splitlines() if line.strip()])


def parse_encryption_keys(text: str) -> tuple[tuple[str, Secret], ...]:
    """Parse `id:base64` pairs separated by commas, newest first; each key is 32 random bytes."""
    keys = [item.partition(":") for item in split_list(text)]
    for position, (key_id, colon, key) in enumerate(keys, start=1):
        # Without a colon, this is probably the key, which no message may contain.
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueRefused(
                f"key {position} has no id, or its id has other characters than letters, digits, `_` and `-`",
                "Write each key as id:base64. Create a key with `crewkit-git keys new`",
            )
        try:
            content = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"the key `{key_id}` is not base64") from None
        if len(content) != KEY_BYTES:
            raise ValueError(f"the key `{key_id}` has {len(content)} bytes, but {KEY_BYTES} are required")
        if why := find_weakness(content, min_distinct=_MIN_DISTINCT_OF_KEY):
            raise ValueRefused(f"the key `{key_id}` {why}", _KEY_REMEDY)
    if len({key_id for key_id, _, _ in keys}) != len(keys):
        raise ValueRefused(
            "two keys have the same id (the part before the colon)", "Remove one of them, or change its id"
        )
    return tuple((key_id, Secret(key)) for key_id, _, key in keys)


def _strong_secrets(items: Sequence[str]) -> tuple[Secret, ...]:
    for position, item in enumerate(items, start=1):
        which = "the secret" if len(items) == 1 else f"secret {position} of {len(items)}"
        if not item:
            raise ValueRefused(f"{which} is empty (commas separate secrets)", _COMMA_REMEDY)
        if len(item.encode()) < MIN_SECRET_BYTES:
            remedy = _COMMA_REMEDY if len(items) > 1 else _STRONGER
            raise ValueRefused(
                f"{which} has {len(item)} characters, but at least {MIN_SECRET_BYTES} are required", remedy
            )
        if why := find_weakness(item.encode(), min_distinct=_MIN_DISTINCT_OF_SECRET):
            raise ValueRefused(f"{which} {why}", _STRONGER)
    return tuple(map(Secret, items))


def find_weakness(value: bytes, *, min_distinct: int) -> str | None:
    """Return why a secret is not random, or None if it may be. The text contains no part of the secret.

    A random secret of this length practically always has `min_distinct` different bytes.
    """
    if len(set(value)) == 1:
        return "consists of one repeated character"
    if len(set(value)) < min_distinct or _repeats(value) or _is_regular(value):
        return "is a pattern, not random"
    if value.isascii() and _is_made_of_words(value.decode("ascii")):
        return "is a placeholder or made of common words, not random"
    return None


def _repeats(value: bytes) -> bool:
    """Return whether the secret repeats one piece."""
    return any(
        value == (value[:period] * (len(value) // period + 1))[: len(value)] for period in range(1, len(value) // 2 + 1)
    )


def _is_regular(value: bytes) -> bool:
    """Return whether most bytes follow from the byte before, as in alphabets and series of numbers."""
    steps = [(after - before) % 256 for before, after in pairwise(value)]
    (_, most_common), *_ = Counter(steps).most_common(1)
    small = sum(step in (0, 1, 255) for step in steps)
    return max(most_common, small) >= _REGULAR_SHARE * len(steps)


def _is_made_of_words(text: str) -> bool:
    rest = re.sub(r"[^a-z0-9]", "", text.lower().replace("0", "o").replace("3", "e").replace("$", "s"))
    return len(_WORDS.sub("", rest)) < _MIN_REST
