"""Who an author is: the order of proof, and what proves nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.attribution.attribution import (
    BOT,
    NOT_A_MEMBER,
    UNKNOWN,
    Identities,
    Identity,
    IdentityQuery,
    Kind,
    Match,
    Matching,
    Method,
    match_account,
    match_author,
)
from core.domain.attribution.authors import normalize_address
from core.domain.identifiers import OrganizationId, ProviderUserId, UserId
from core.domain.provider_events import Author, ProviderUser
from tests.support.builders.domain import COMMIT, LATER, NOW, ORGANIZATION, PULL_REQUEST, PUSH, external

MARA, JONAS, OONA = ProviderUserId("900000001"), ProviderUserId("900000002"), ProviderUserId("900000004")
HERE = frozenset({ORGANIZATION})
MARAS = Identity(UserId(1), external(1), NOW, HERE)
JONASS = Identity(UserId(2), external(2), NOW, HERE)
OONAS = Identity(UserId(4), external(4), NOW, frozenset({OrganizationId(8)}))
SAMS = Identity(UserId(5), external(5), NOW, HERE)
KNOWN = Identities(
    by_account={MARA: MARAS, JONAS: JONASS, OONA: OONAS},
    by_address={"mara@acme.example": MARAS, "jonas@acme.example": JONASS, "oona@away.example": OONAS},
    by_login={"mara": MARAS, "jonas": JONASS, "oona": OONAS},
    by_member_address={(ORGANIZATION, "sam@acme.example"): SAMS, (ORGANIZATION, "oona@away.example"): SAMS},
)
MATCHING = Matching(KNOWN, ORGANIZATION, LATER)
STRANGER = ProviderUserId("900000099")


def match_user(identity: Identity, method: Method) -> Match:
    """Return the match of a user."""
    return Match(Kind.USER, method, identity)


@pytest.mark.parametrize(
    ("author", "match"),
    [
        (Author("M", noreply_id=MARA), match_user(MARAS, Method.NOREPLY_ID)),
        (Author("M", "Mara@ACME.example"), match_user(MARAS, Method.VERIFIED_ADDRESS)),
        (Author("M", "m@home.example", "Mara", account_id=MARA), match_user(MARAS, Method.USERNAME)),
        (Author("M", "m@home.example", "MARA"), match_user(MARAS, Method.USERNAME)),
        (Author("M", "m@home.example"), UNKNOWN),
        (Author("Mara"), UNKNOWN),
        (Author("M", None, ""), UNKNOWN),
        # The stronger proof decides, whatever the weaker say.
        (Author("M", "jonas@acme.example", "jonas", noreply_id=MARA), match_user(MARAS, Method.NOREPLY_ID)),
        (Author("M", "jonas@acme.example", "mara", account_id=MARA), match_user(JONASS, Method.VERIFIED_ADDRESS)),
        # Renamed: the number says who it is, the login who has that name now.
        (Author("M", None, "jonas", account_id=MARA), match_user(MARAS, Method.USERNAME)),
        # An unknown id belongs to another account, which may have the former login of a user.
        (Author("M", "jonas@acme.example", "jonas", noreply_id=STRANGER), UNKNOWN),
        (Author("M", "m@home.example", "jonas", account_id=STRANGER), UNKNOWN),
        # Known, but not to this organization: and never someone else by a weaker proof.
        (Author("O", noreply_id=OONA), NOT_A_MEMBER),
        (Author("O", "oona@away.example"), NOT_A_MEMBER),
        (Author("O", "oona@away.example", "mara"), NOT_A_MEMBER),
        (Author("O", None, "oona"), NOT_A_MEMBER),
        # A member's own address counts if nothing stronger leads to a user, also if the provider names an account.
        (Author("S", "Sam@acme.example"), match_user(SAMS, Method.MEMBER_ADDRESS)),
        (Author("S", "sam@acme.example", "sam", account_id=STRANGER), match_user(SAMS, Method.MEMBER_ADDRESS)),
        (Author("S", "sam@acme.example", "sam"), match_user(SAMS, Method.MEMBER_ADDRESS)),
        (Author("S", "sam@acme.example", "mara"), match_user(MARAS, Method.USERNAME)),
        (Author("S", "sam@acme.example", noreply_id=STRANGER), UNKNOWN),
        # Bots are recognized with any address.
        (Author("b[bot]", "mara@acme.example", "b[bot]", is_bot=True), BOT),
    ],
)
def test_strongest_proof_decides(author: Author, match: Match) -> None:
    """Id in the address, then verified address, then the provider's match, then none."""
    assert match_author(author, MATCHING) == match


def test_login_counts_only_for_users_connected_then() -> None:
    """A login may have belonged to another user, who was renamed since; an id never changes."""
    earlier = replace(MATCHING, received_at=NOW - timedelta(seconds=1))
    assert match_author(Author("M", None, "mara"), earlier) == UNKNOWN
    assert match_author(Author("M", None, "mara", account_id=MARA), earlier).user == MARAS
    assert match_author(Author("M", noreply_id=MARA), earlier).user == MARAS
    assert match_author(Author("M", "mara@acme.example"), earlier).user == MARAS


@pytest.mark.parametrize(
    ("account", "match"),
    [
        (ProviderUser(MARA, "anything"), match_user(MARAS, Method.ACCOUNT_ID)),
        (ProviderUser(STRANGER, "mara"), UNKNOWN),
        (ProviderUser(OONA, "oona"), NOT_A_MEMBER),
        (ProviderUser(MARA, "b[bot]", "Bot"), BOT),
    ],
)
def test_account_is_matched_by_id(account: ProviderUser, match: Match) -> None:
    """Users who opened or merged a pull request have an id, so the login does not count."""
    assert match_account(account, MATCHING) == match


def test_loads_only_possible_proofs() -> None:
    """Addresses of all, because each can be assigned. With an id, no login; for bots nothing else."""
    commit = replace(
        COMMIT,
        author=Author("M", "1+mara@users.noreply.example", "mara", noreply_id=MARA),
        committer=Author("b", "b@b.example", "b[bot]", is_bot=True),
        co_authors=(Author("J", "Jonas@acme.example"), Author("X", "no address", "Jonas")),
    )
    query = IdentityQuery()
    query.add(replace(PUSH, commits=(commit,), pusher=None, sender=ProviderUser("5", "five")))
    addresses = {"1+mara@users.noreply.example", "b@b.example", "jonas@acme.example"}
    assert query == IdentityQuery({MARA, ProviderUserId("5")}, addresses, {"jonas"})
    pulled = IdentityQuery()
    pulled.add(replace(PULL_REQUEST, merged_by=ProviderUser("6", "six"), sender=ProviderUser("7", "b[bot]", "Bot")))
    assert pulled == IdentityQuery({ProviderUserId("900000003"), ProviderUserId("6")})
    assert not IdentityQuery()


_names = st.sampled_from(["mara", "jonas", "oona", "Mara", "b[bot]", "", "größe"])
_addresses = st.sampled_from(
    ["mara@acme.example", "OONA@away.example", "sam@acme.example", "x@y", "x", "zoë@größe.example"]
)
_numbers = st.sampled_from([MARA, JONAS, OONA, STRANGER])
_authors = st.builds(
    Author,
    name=_names,
    email=st.none() | _addresses | st.emails() | st.text(),
    username=st.none() | _names,
    noreply_id=st.none() | _numbers,
    account_id=st.none() | _numbers,
    is_bot=st.booleans(),
)


@given(_authors, st.sampled_from([ORGANIZATION, OrganizationId(8), OrganizationId(9)]))
def test_names_members_only(author: Author, organization: OrganizationId) -> None:
    """With a proof, whatever a commit author wrote."""
    match = match_author(author, replace(MATCHING, organization_id=organization))
    assert (match.kind is Kind.USER) == (match.user is not None)
    if match.user:
        assert organization in match.user.organizations
        assert match.method not in (Method.BOT, Method.NOT_A_MEMBER, Method.UNKNOWN)


@given(_authors)
def test_decision_uses_only_loaded_proofs(author: Author) -> None:
    query = IdentityQuery()
    query.add(replace(PUSH, commits=(replace(COMMIT, author=author, committer=None),), pusher=None, sender=None))
    read = Identities(
        {key: one for key, one in KNOWN.by_account.items() if key in query.account_ids},
        {key: one for key, one in KNOWN.by_address.items() if key in query.addresses},
        {key: one for key, one in KNOWN.by_login.items() if key in query.logins},
        {key: one for key, one in KNOWN.by_member_address.items() if key[1] in query.addresses},
    )
    assert match_author(author, replace(MATCHING, identities=read)) == match_author(author, MATCHING)
    assert all(address == normalize_address(address) for address in query.addresses)
