"""The authors, committers and co-authors of a push, by GitHub's conventions.

https://docs.github.com/account-and-profile/reference/email-addresses-reference and
https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
"""

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from adapters.github.protocol.machine_addresses import MACHINE_ADDRESSES, MACHINE_LOGINS
from core.domain.attribution.authors import MAX_ADDRESS, normalize_address, parse_co_authors
from core.domain.identifiers import ProviderUserId
from core.domain.provider_events import Author, ProviderUser
from core.domain.streams.domain_event import MAX_CO_AUTHORS

NOREPLY_HOST = "users.noreply.github.com"

# The addresses of accounts created since 2017-07-18 contain the account id. A login has no plus sign.
_LOCAL_PART = re.compile(r"(?:([1-9][0-9]{0,18})\+)?([^+@]+)")
_BOT = "[bot]"


class AuthorReader:
    """Recognizes accounts by GitHub's noreply addresses."""

    def __init__(self, noreply_hosts: Collection[str]) -> None:
        """Accept only these hosts: the ids of another GitHub belong to other accounts."""
        self._hosts = frozenset(host.lower() for host in noreply_hosts)
        # A few people write nearly all commits.
        self.noreply = lru_cache(maxsize=16_384)(self._noreply)

    def start_push(self, sender: ProviderUser | None) -> "PushAuthors":
        """Return a reader for one push."""
        return PushAuthors(self, sender)

    def _noreply(self, email: str | None) -> tuple[ProviderUserId | None, str | None]:
        """Return the account id and the login in a noreply address, each if present."""
        if email is None or len(email) > MAX_ADDRESS:
            return None, None
        local, _, host = email.rpartition("@")
        if host.lower() not in self._hosts:
            return None, None
        parts = _LOCAL_PART.fullmatch(local.strip())
        if parts is None:
            return None, None
        number, login = parts.groups()
        return ProviderUserId(number) if number else None, login


class PushAuthors:
    """The people of one push. Each person is read once, also with many commits."""

    def __init__(self, reader: AuthorReader, sender: ProviderUser | None) -> None:
        self._reader = reader
        self._sender = sender
        self._read: dict[tuple[str, str | None, str | None], Author] = {}
        self._co_authors: dict[tuple[str, str | None], Author] = {}

    def author(self, name: str, email: str | None, username: str | None) -> Author:
        """Return an author or committer. `username` is the account that has the address, by GitHub."""
        key = name, email, username
        author = self._read.get(key)
        if author is None:
            noreply_id, login = self._reader.noreply(email)
            author = self._read[key] = Author(
                name=name,
                email=email,
                username=username,
                noreply_id=noreply_id,
                account_id=self._find_sender_id(username),
                is_bot=_is_bot(username or login, name, email),
            )
        return author

    def pusher(self, name: str, email: str | None) -> Author:
        """Return the pusher, whose name is a login."""
        return replace(self.author(name, email, None), account_id=self._find_sender_id(name))

    def co_authors(self, message: str, author: Author) -> tuple[Author, ...]:
        """Return the co-authors in a commit message, without the author of the commit.

        The payload has no account for their addresses.
        """
        parsed = parse_co_authors(message)
        if not parsed:
            return ()
        co_authors = (self._co_author(co_author) for co_author in parsed)
        return tuple(islice((each for each in co_authors if not _is_same_person(each, author)), MAX_CO_AUTHORS))

    def _co_author(self, co_author: Author) -> Author:
        key = co_author.name, co_author.email
        known = self._co_authors.get(key)
        if known is None:
            noreply_id, login = self._reader.noreply(co_author.email)
            is_bot = _is_bot(login, co_author.name, co_author.email)
            known = self._co_authors[key] = replace(co_author, username=login, noreply_id=noreply_id, is_bot=is_bot)
        return known

    def _find_sender_id(self, username: str | None) -> ProviderUserId | None:
        """Return the account id of a login if it is the sender, of which the payload has the id."""
        sender = self._sender
        if username is None or sender is None or sender.login.lower() != username.lower():
            return None
        return ProviderUserId(sender.id) if sender.id else None


def _is_bot(login: str | None, name: str, email: str | None) -> bool:
    """Return whether the address, the login, or the name if the login is missing, is a program's."""
    if email and email.strip().lower() in MACHINE_ADDRESSES:
        return True
    return login.endswith(_BOT) or login.lower() in MACHINE_LOGINS if login else name.endswith(_BOT)


def _is_same_person(co_author: Author, author: Author) -> bool:
    """Return whether the address, the account id or the login of a co-author is the author's."""
    if normalize_address(co_author.email) == normalize_address(author.email):
        return True
    if co_author.noreply_id is not None:
        return co_author.noreply_id in (author.noreply_id, author.account_id)
    login = (co_author.username or "").lower()
    return login != "" and login == (author.username or "").lower()
