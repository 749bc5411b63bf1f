"""Recognizes secrets that were not generated at random."""

import re
from collections import Counter
from itertools import pairwise

# Of 15 random bytes one in a billion groups has so many steps alike; of longer secrets fewer still.
_REGULAR_SHARE = 0.75
_WORDS = re.compile(
    r"change|me|replace|this|with|your|my|the|example|sample|dummy|default|placeholder|password|passwd"
    r"|secret|webhook|github|crewkit|git|key|token|test|admin|letmein|qwerty|value|insert|here|todo|xxx+"
)
_MIN_REST = 8


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
