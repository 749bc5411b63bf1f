"""Which repositories a search of the catalog finds, and in which order."""

import re
from dataclasses import dataclass
from enum import IntEnum

from core.domain.catalog.repository import Repository
from core.domain.identifiers import RepoId

# Characters that separate words.
SEPARATORS = "/-_. "
# Shorter texts would match almost everywhere, so they match only whole words.
FOUND_ANYWHERE = 3

_OWNER_END = "/"
# Below every character of a name, so that a name comes before the names that it begins.
_NAME_END = "\x01"
_BETWEEN_WORDS = re.compile(r"[^\w+]+|_")


class Rank(IntEnum):
    """How well a repository matches a text; the lower, the better."""

    NAME_BEGINS = 1
    WORD_BEGINS = 2
    IN_NAME = 3
    IN_OWNER = 4
    ABOUT = 5


@dataclass(frozen=True, slots=True)
class CatalogFilter:
    """Which repositories; None means any, and so does an empty text. See `rank` for the text."""

    text: str = ""
    archived: bool | None = None
    private: bool | None = None
    fork: bool | None = None

    def matches(self, repository: Repository) -> bool:
        """Return whether a repository is one of these."""
        return (
            self.archived in (None, repository.archived)
            and self.private in (None, repository.private)
            and self.fork in (None, repository.fork)
            and (not self.text or rank(self.text, repository.full_name, about(repository)) is not None)
        )


@dataclass(frozen=True, slots=True)
class CatalogPosition:
    """The position of a row in a list. Rows that are inserted before or after it do not move it."""

    full_name: str
    repo_id: RepoId


def searchable(text: str) -> str:
    """Return a name or search text in the form that is compared: without regard to case."""
    return text.lower()


def name_key(full_name: str) -> str:
    """Return the sort key that orders repositories by name first, then by owner."""
    owner, _, name = searchable(full_name).rpartition(_OWNER_END)
    return f"{name}{_NAME_END}{owner}"


def about(repository: Repository) -> str:
    """Return the words of the description, language and topics of a repository, between single spaces."""
    parts = repository.description, repository.language, *(repository.topics or ())
    return words(" ".join(filter(None, parts)))


def words(text: str) -> str:
    """Return the words of a text between single spaces, without punctuation and case."""
    return " ".join(filter(None, _BETWEEN_WORDS.split(searchable(text))))


def rank(text: str, full_name: str, about_words: str) -> Rank | None:
    """Return how well a repository of the form `owner/name` matches a text; None if it does not.

    A text without a slash is compared with the name first, and with the owner's afterwards. Three characters or more
    are found anywhere in either; fewer only where a word begins. Of a description, language and topics, whole words
    are found, and the beginning of words by three characters or more.
    """
    lowered, whole = searchable(text), searchable(full_name)
    if names_owner(lowered):
        return _rank_in(lowered, whole)
    owner, _, name = whole.rpartition(_OWNER_END)
    if in_name := _rank_in(lowered, name):
        return in_name
    if _rank_in(lowered, owner):
        return Rank.IN_OWNER
    return Rank.ABOUT if is_about(text, about_words) else None


def names_owner(text: str) -> bool:
    """Return whether a text to search for has an owner in it, so that it is compared with the whole name."""
    return _OWNER_END in text


def search_order(text: str, full_name: str, repo_id: RepoId, about_words: str = "") -> tuple[int, str, RepoId]:
    """Return the sort key of a repository that matches a text: by rank, then by name.

    A repository whose name does not match counts as a match by the words about it.
    """
    if not text:
        return 0, searchable(full_name), repo_id
    key = searchable(full_name) if names_owner(text) else name_key(full_name)
    return rank(text, full_name, about_words) or Rank.ABOUT, key, repo_id


def is_about(text: str, about_words: str) -> bool:
    """Return whether a text is found among the words of a description, language and topics."""
    return bool(part := about_part(text)) and part in f" {about_words} "


def about_part(text: str) -> str:
    """Return the text to find among words between spaces; empty if it has no word."""
    part = words(text)
    if not part:
        return ""
    return f" {part}" if len(part) >= FOUND_ANYWHERE else f" {part} "


def _rank_in(text: str, name: str) -> Rank | None:
    if name.startswith(text):
        return Rank.NAME_BEGINS
    if any(f"{separator}{text}" in name for separator in SEPARATORS):
        return Rank.WORD_BEGINS
    return Rank.IN_NAME if len(text) >= FOUND_ANYWHERE and text in name else None
