"""Whom a push names, as far as GitHub's own conventions tell.

https://docs.github.com/account-and-profile/reference/email-addresses-reference and
https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
"""

import re
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from core.domain.attribution.authors import MAX_ADDRESS, parse_co_authors
from core.domain.identifiers import ProviderUserId
from core.domain.provider_events import Author, ProviderUser
from core.domain.streams.domain_event import MAX_CO_AUTHORS

NOREPLY_HOST = "users.noreply.github.com"

# Accounts made since 2017-07-18 have their number in it; a login never holds a plus.
_LOCAL_PART = re.compile(r"(?:([1-9][0-9]{0,18})\+)?([^+@]+)")
_BOT = "[bot]"
# The account in whose name GitHub itself commits: merges and edits made on its pages.
_GITHUB = "web-flow"


class AuthorReader:
    """Knows accounts by the addresses that one GitHub makes for them."""

    def __init__(self, noreply_hosts: Collection[str]) -> None:
        """Know these hosts alone: the numbers at another GitHub's are those of other accounts."""
        self._hosts = frozenset(host.lower() for host in noreply_hosts)
        # The same few people write nearly everything.
        self.noreply = lru_cache(maxsize=16_384)(self._noreply)

    def start_push(self, sender: ProviderUser | None) -> "PushAuthors":
        """Begin to read the people of one push."""
        return PushAuthors(self, sender)

    def _noreply(self, email: str | None) -> tuple[ProviderUserId | None, str | None]:
        """Return the number and the login that an address is made of, as far as it is one of GitHub's own."""
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
    """The people of one push, who are few: each is read once, however many commits they wrote."""

    def __init__(self, reader: AuthorReader, sender: ProviderUser | None) -> None:
        self._reader = reader
        self._sender = sender
        self._read: dict[tuple[str, str | None, str | None], Author] = {}

    def author(self, name: str, email: str | None, username: str | None) -> Author:
        """Read an author or committer. `username` is of the account that GitHub says has the address."""
        key = name, email, username
        found = self._read.get(key)
        if found is None:
            noreply_id, login = self._reader.noreply(email)
            found = self._read[key] = Author(
                name=name,
                email=email,
                username=username,
                noreply_id=noreply_id,
                account_id=self._find_sender_id(username),
                is_bot=_is_bot(username or login, name),
            )
        return found

    def pusher(self, name: str, email: str | None) -> Author:
        """Read who pushed, whose name is a login."""
        return replace(self.author(name, email, None), account_id=self._find_sender_id(name))

    def co_authors(self, message: str) -> tuple[Author, ...]:
        """Read those a message names. Nobody says whose their addresses are, so a login in one has to do."""
        return tuple(self._co_author(named) for named in parse_co_authors(message)[:MAX_CO_AUTHORS])

    def _co_author(self, named: Author) -> Author:
        noreply_id, login = self._reader.noreply(named.email)
        return replace(named, username=login, noreply_id=noreply_id, is_bot=_is_bot(login, named.name))

    def _find_sender_id(self, username: str | None) -> ProviderUserId | None:
        """Return the number of an account that is known to be the sender's, which comes with its number."""
        sender = self._sender
        if username is None or sender is None or sender.login.lower() != username.lower():
            return None
        return ProviderUserId(sender.id) if sender.id else None


def _is_bot(login: str | None, name: str) -> bool:
    """Tell a bot by its login, which no person can have, or by its name where there is no login."""
    return login.endswith(_BOT) or login == _GITHUB if login else name.endswith(_BOT)
