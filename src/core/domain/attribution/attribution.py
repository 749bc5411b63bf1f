"""Who wrote a commit, as far as it can be known: information, never authentication, since anyone may lie."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.attribution.authors import normalize_address
from core.domain.identifiers import IntegrationId, OrganizationId, ProviderUserId, RepoId, UserId
from core.domain.provider_events import Author, ProviderEvent, ProviderUser, PullRequest, Push
from core.domain.streams.domain_event import MAX_CO_AUTHORS


class Role(Enum):
    """The role of a person in a commit. A committer who is also the author is listed only as the author."""

    AUTHOR = "author"
    COMMITTER = "committer"
    CO_AUTHOR = "co_author"


class Kind(Enum):
    """What an author turned out to be."""

    USER = "user"
    BOT = "bot"
    NONE = "none"


class Method(Enum):
    """How a person was matched to a user, or why no user matched."""

    ACCOUNT_ID = "account_id"
    """The provider itself named the account by its number, as in a pull request."""
    NOREPLY_ID = "noreply_id"
    """The address is one that the provider makes of an account's number."""
    VERIFIED_ADDRESS = "verified_address"
    """The provider verified the address for the user's account."""
    USERNAME = "username"
    """The provider says that the address is the account's."""
    BOT = "bot"
    NOT_A_MEMBER = "not_a_member"
    """Someone we know, but not of this organization: never named to it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user with a live connection, and those of the organizations in question they are a member of."""

    user_id: UserId
    external_id: UUID
    connected_at: datetime
    organizations: frozenset[OrganizationId]


@dataclass(frozen=True, slots=True)
class Identities:
    """The users we know by what was sought, each mapping by one kind of proof.

    `by_login` holds only connections that are active, whose login is looked up every day.
    """

    by_account: Mapping[ProviderUserId, Identity] = field(default_factory=dict)
    by_address: Mapping[str, Identity] = field(default_factory=dict)
    by_login: Mapping[str, Identity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """What an author turned out to be, and how that was found."""

    kind: Kind
    method: Method
    user: Identity | None = None


BOT = Match(Kind.BOT, Method.BOT)
UNKNOWN = Match(Kind.NONE, Method.UNKNOWN)
NOT_A_MEMBER = Match(Kind.NONE, Method.NOT_A_MEMBER)


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything that decides who someone is, for one organization and one delivery."""

    identities: Identities
    organization_id: OrganizationId
    received_at: datetime


def match_author(author: Author, matching: Matching) -> Match:
    """Decide who an author is by the strongest proof there is, which is never set aside for a weaker one.

    A number names an account for good. A login does not: it may be renamed and taken by someone else, so it
    counts only where no number is known, and only for those who were connected when the delivery came.
    """
    known = matching.identities
    if author.is_bot:
        return BOT
    if author.noreply_id is not None:
        return _match(known.by_account.get(author.noreply_id), Method.NOREPLY_ID, matching)
    if found := known.by_address.get(normalize_address(author.email)):
        return _match(found, Method.VERIFIED_ADDRESS, matching)
    if author.account_id is not None:
        return _match(known.by_account.get(author.account_id), Method.USERNAME, matching)
    if author.username is not None:
        found = known.by_login.get(author.username.lower())
        if found is not None and found.connected_at <= matching.received_at:
            return _match(found, Method.USERNAME, matching)
    return UNKNOWN


def match_account(account: ProviderUser, matching: Matching) -> Match:
    """Decide who an account is that the provider itself names by its number."""
    if account.kind == "Bot":
        return BOT
    if account.id is None:
        return UNKNOWN
    return _match(matching.identities.by_account.get(ProviderUserId(account.id)), Method.ACCOUNT_ID, matching)


def _match(found: Identity | None, method: Method, matching: Matching) -> Match:
    if found is None:
        return UNKNOWN
    if matching.organization_id not in found.organizations:
        return NOT_A_MEMBER
    return Match(Kind.USER, method, found)


@dataclass(frozen=True, slots=True)
class IdentityQuery:
    """Everything by which the people of a batch may be known: it grows as notices are read."""

    account_ids: set[ProviderUserId] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.account_ids or self.addresses or self.logins)

    def add(self, provider_event: ProviderEvent) -> None:
        """Seek the people that a notice names."""
        match provider_event:
            case Push():
                for author in _authors(provider_event):
                    self._add_author(author)
                self._add_account(provider_event.sender)
            case PullRequest():
                for account in (provider_event.author, provider_event.merged_by, provider_event.sender):
                    self._add_account(account)
            case _:
                pass

    def _add_author(self, author: Author) -> None:
        if author.is_bot:
            return
        if author.noreply_id is not None:
            self.account_ids.add(author.noreply_id)
            return
        if address := normalize_address(author.email):
            self.addresses.add(address)
        if author.account_id is not None:
            self.account_ids.add(author.account_id)
        elif author.username is not None:
            self.logins.add(author.username.lower())

    def _add_account(self, account: ProviderUser | None) -> None:
        if account is not None and account.id is not None and account.kind != "Bot":
            self.account_ids.add(ProviderUserId(account.id))


def _authors(push: Push) -> Iterator[Author]:
    if push.pusher is not None:
        yield push.pusher
    for commit in push.commits:
        yield commit.author
        if commit.committer is not None and commit.committer is not commit.author:
            yield commit.committer
        yield from commit.co_authors[:MAX_CO_AUTHORS]


@dataclass(slots=True)
class Attribution:
    """One person named in one commit, and who they were found to be.

    Never changed, but not frozen: a batch makes thousands, and freezing makes each several times as dear.

    Kept once per repository, commit, role and address. By the address, and by an account's number where there
    is one, someone who connects later finds their earlier commits.
    """

    integration_id: IntegrationId
    repo_id: RepoId
    sha: str
    role: Role
    address: str
    author: Author
    match: Match
    committed_at: datetime | None


class AttributionStatus(Enum):
    """Whether a person named in a commit was matched to a user."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class AttributionFilter:
    """Which attributions; None means any. A project's are those of the repository it is linked to now."""

    status: AttributionStatus | None = None
    project_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NamedUser:
    """A user as members of the same organization see them."""

    id: UUID
    name: str | None


@dataclass(frozen=True, slots=True)
class AttributionView:
    """One person named in one commit, as one organization may see it; `id` is where it stands in the list.

    `user` is there only while they are a member; of one who left nothing is told but `not_a_member`.
    """

    id: int
    provider: str
    repo_id: RepoId
    repo_full_name: str | None
    sha: str
    role: Role
    name: str
    address: str | None
    username: str | None
    status: AttributionStatus
    method: Method
    user: NamedUser | None
    committed_at: datetime | None
    recorded_at: datetime
