"""Email addresses and co-authors of commits."""

import re
import unicodedata
from functools import lru_cache

from core.domain.attribution.trailers import MAX_MESSAGE, read_block, split_paragraphs
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


# In characters. A longer paragraph is not cached, so that no push can fill the memory.
_MAX_CACHED = 1_000
# Squash merges list the joined messages as bullets, and some tools indent a message. Git reads neither as trailers.
# Four or more blanks are a code block in Markdown.
_BULLET = re.compile(r"^ {0,3}(?:[*-][ \t]++)?(?=co-authored-by[ \t]*+:)", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# Neighbouring parts match different characters, so that a text can match in only one way.
_PERSONS = re.compile(r"(?:[^<>]*+<[^<>\s]++>)++")
_PERSON = re.compile(r"([^<>]*+)<([^<>\s]++)>")
_NEXT_PERSON = re.compile(r"\s*+(?:[,;&]|and\s|co-authored-by\s*:)", re.IGNORECASE)


def parse_co_authors(message: str) -> tuple[Author, ...]:
    """Return the co-authors that the trailers of a message name, each address once, in order.

    Trailers are those that git reads, with four differences: a trailer may be indented or a bullet, a trailer may name
    several persons, each message that a squash merge joined has its own trailers, and a code fence contains none.
    """
    if "authored-by" not in message.lower():
        # True for almost all messages, and much cheaper than reading the lines.
        return ()
    message = message[-MAX_MESSAGE:]
    if "```" in message or "~~~" in message:
        message = _hide_fences(message)
    paragraphs = split_paragraphs(_BULLET.sub("", message))
    is_squash = "\n* " in message
    persons = (
        person
        for paragraph in (paragraphs if is_squash else paragraphs[-1:])
        for person in (_parse_block if len(paragraph) <= _MAX_CACHED else _parse_block.__wrapped__)(paragraph)
    )
    return tuple({email.lower(): Author(name, email) for name, email in persons}.values())


@lru_cache(maxsize=4_096)
def _parse_block(paragraph: str) -> list[tuple[str, str]]:
    """Return the names and addresses of the co-authors in a paragraph. Few people write most trailers."""
    return [
        person
        for token, value in read_block(paragraph)
        if token.lower() == "co-authored-by"
        for person in _parse_persons(value)
    ]


def _hide_fences(message: str) -> str:
    """Replace code between fences with text that is not a trailer. A fence without an end is text, as for git."""
    lines = message.split("\n")
    start, fence = -1, ""
    for index, line in enumerate(lines):
        match = _FENCE.match(line)
        if match is None:
            continue
        if start < 0:
            start, fence = index, match[1]
        elif match[1].startswith(fence) and not line[match.end() :].strip():
            lines[start : index + 1] = ["```"] * (index + 1 - start)
            start = -1
    return "\n".join(lines)


def _parse_persons(value: str) -> list[tuple[str, str]]:
    """Return the persons in the value of a trailer, or none if it contains anything else."""
    if not _PERSONS.fullmatch(value):
        return []
    (name, email), *others = _PERSON.findall(value)
    persons = [(name.strip(), email)]
    for text, address in others:
        separator = _NEXT_PERSON.match(text)
        if separator is None:
            return []
        persons.append((text[separator.end() :].strip(), address))
    return persons
