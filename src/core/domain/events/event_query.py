"""The text that a user types to find a webhook event."""

import re
from dataclasses import dataclass

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NUMBER = re.compile(r"#[0-9]{1,10}|[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What a text can mean: a delivery id, the key of a summary, or a part of a headline or branch.

    `key` is a pull request's number with `#`, or the beginning of a commit's hash; None if the text is neither. With
    `linked_only`, a part of a headline or branch matches only in events that concern a project.
    """

    text: str
    key: str | None = None
    linked_only: bool = False

    @property
    def is_prefix(self) -> bool:
        """Whether `key` is the beginning of a key, and not a whole key."""
        return self.key is not None and not self.key.startswith("#")

    def matches_key(self, search_key: str | None) -> bool:
        """Return whether the key of a summary is, or begins with, this key."""
        if self.key is None or search_key is None:
            return False
        return search_key.startswith(self.key) if self.is_prefix else search_key == self.key


def parse_event_query(text: str) -> EventQuery | None:
    """Return what a text can mean, or None if it is empty. A short number is that of a pull request."""
    text = text.strip()
    if not text:
        return None
    folded = text.casefold()
    if _NUMBER.fullmatch(folded):
        return EventQuery(text, f"#{int(folded.removeprefix('#'))}")
    return EventQuery(text, folded if _COMMIT.fullmatch(folded) else None)
