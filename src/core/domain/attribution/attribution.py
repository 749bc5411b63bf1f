"""Who wrote a commit. This is information, not authentication: anyone can write any name into a commit."""

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
    """The role of a person in a commit.

    `author`: wrote the change. `committer`: created the commit; a committer who is also the author is listed only as
    the author. `co_author`: named in a trailer of the message.
    """

    AUTHOR = "author"
    COMMITTER = "committer"
    CO_AUTHOR = "co_author"


class Kind(Enum):
    """The kind of person that an author was matched to. Only an assignment makes an author `ignored`."""

    USER = "user"
    BOT = "bot"
    NONE = "none"
    IGNORED = "ignored"


class Method(Enum):
    """How a person was matched to a user, or why no user matched.

    `account_id`: the provider named the account by its id. `noreply_id`: the address is a noreply address with the
    account's id. `verified_address`: the provider verified the address for the user's account. `username`: the provider
    reports that the address belongs to the account. `member_address`: the address is a member's address in crewkit,
    which the provider did not confirm. `assigned`: an owner or admin assigned the address. `bot`: the address belongs
    to a program. `not_a_member`: the user is not a member of this organization. `unknown`: no user has this address.
    """

    ACCOUNT_ID = "account_id"
    NOREPLY_ID = "noreply_id"
    VERIFIED_ADDRESS = "verified_address"
    USERNAME = "username"
    MEMBER_ADDRESS = "member_address"
    ASSIGNED = "assigned"
    BOT = "bot"
    NOT_A_MEMBER = "not_a_member"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, and those of the given organizations that they are a member of.

    `connected_at` is the time from which a login counts.
    """

    user_id: UserId
    external_id: UUID
    connected_at: datetime
    organizations: frozenset[OrganizationId]


@dataclass(frozen=True, slots=True)
class Identities:
    """The users found for an `IdentityQuery`, in one mapping for each kind of proof.

    `by_login` has only active connections, whose login is checked every day. `by_member_address` has the members of
    each organization by their addresses in crewkit, `by_assignment` the results of assignments.
    """

    by_account: Mapping[ProviderUserId, Identity] = field(default_factory=dict)
    by_address: Mapping[str, Identity] = field(default_factory=dict)
    by_login: Mapping[str, Identity] = field(default_factory=dict)
    by_member_address: Mapping[tuple[OrganizationId, str], Identity] = field(default_factory=dict)
    by_assignment: Mapping[tuple[OrganizationId, str], "Match"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """The result of matching an author, and the method."""

    kind: Kind
    method: Method
    user: Identity | None = None


BOT = Match(Kind.BOT, Method.BOT)
UNKNOWN = Match(Kind.NONE, Method.UNKNOWN)
NOT_A_MEMBER = Match(Kind.NONE, Method.NOT_A_MEMBER)


@dataclass(frozen=True, slots=True)
class Matching:
    """The facts that decide who an author is, for one organization and one delivery."""

    identities: Identities
    organization_id: OrganizationId
    received_at: datetime


def match_assigned(kind: Kind, member: Identity | None) -> Match:
    """Return the result of an assignment; `member` is the assigned user, if they are a member now."""
    if kind is Kind.USER and member is None:
        return NOT_A_MEMBER
    return Match(kind, Method.ASSIGNED, member)


def find_assignment(author: Author, matching: Matching) -> Match | None:
    """Return who an author is by an assignment. It overrides `match_author`, but is not stored with the commit."""
    assignments = matching.identities.by_assignment
    if not assignments:
        return None
    return assignments.get((matching.organization_id, normalize_address(author.email)))


def match_author(author: Author, matching: Matching) -> Match:
    """Return who an author is, by the strongest proof available. A weaker proof never replaces a stronger one.

    An account id is permanent. A login is not: it can be renamed and then used by another account, so it counts only
    without an account id, and only for users who were connected before the delivery arrived.
    """
    identities = matching.identities
    if author.is_bot:
        return BOT
    if author.noreply_id is not None:
        return _match(identities.by_account.get(author.noreply_id), Method.NOREPLY_ID, matching)
    address = normalize_address(author.email)
    if identity := identities.by_address.get(address):
        return _match(identity, Method.VERIFIED_ADDRESS, matching)
    if identity := _find_by_account(author, matching):
        return _match(identity, Method.USERNAME, matching)
    if identity := identities.by_member_address.get((matching.organization_id, address)):
        return _match(identity, Method.MEMBER_ADDRESS, matching)
    return UNKNOWN


def _find_by_account(author: Author, matching: Matching) -> Identity | None:
    """Return the user of the account that the provider reports for an author."""
    if author.account_id is not None:
        return matching.identities.by_account.get(author.account_id)
    if author.username is None:
        return None
    identity = matching.identities.by_login.get(author.username.lower())
    return identity if identity is not None and identity.connected_at <= matching.received_at else None


def match_account(account: ProviderUser, matching: Matching) -> Match:
    """Return who an account is, which the provider identifies by its id."""
    if account.kind == "Bot":
        return BOT
    if account.id is None:
        return UNKNOWN
    return _match(matching.identities.by_account.get(ProviderUserId(account.id)), Method.ACCOUNT_ID, matching)


def _match(identity: Identity | None, method: Method, matching: Matching) -> Match:
    if identity is None:
        return UNKNOWN
    if matching.organization_id not in identity.organizations:
        return NOT_A_MEMBER
    return Match(Kind.USER, method, identity)


@dataclass(frozen=True, slots=True)
class IdentityQuery:
    """The account ids, addresses and logins to look up for a batch. `add` extends it with each provider event."""

    account_ids: set[ProviderUserId] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.account_ids or self.addresses or self.logins)

    def add(self, provider_event: ProviderEvent) -> None:
        """Add the people that a provider event names."""
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
        # Also the addresses of bots and noreply addresses: they can be assigned.
        if address := normalize_address(author.email):
            self.addresses.add(address)
        if author.is_bot:
            return
        if author.noreply_id is not None:
            self.account_ids.add(author.noreply_id)
            return
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
    for commit in push.authored_commits:
        yield commit.author
        if commit.committer is not None and commit.committer is not commit.author:
            yield commit.committer
        yield from commit.co_authors[:MAX_CO_AUTHORS]


@dataclass(slots=True)
class Attribution:
    """One person named in one commit, and the matching user.

    Never changed, but not frozen: a batch creates thousands, and freezing makes each several times as expensive.

    Stored once per repository, commit, role and address. The address and the account id let users who connect later
    claim their earlier commits.
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
    """Whether a person named in a commit was matched to a user.

    `matched`: a user was found. `unmatched`: no user was found. `bot`: the author is a program. `ignored`: an owner or
    admin assigned the address to nobody.
    """

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    BOT = "bot"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class AttributionFilter:
    """Which attributions; None means any. Those of a project are those of the repository that it is linked to now."""

    status: AttributionStatus | None = None
    project_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NamedUser:
    """A user as other members of the organization see them."""

    id: UUID
    name: str | None


@dataclass(frozen=True, slots=True)
class AttributionView:
    """One person named in one commit, as one organization may see it; `id` is its position in the list.

    `user` is set only while the user is a member. For former members, only `not_a_member` is shown.
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
