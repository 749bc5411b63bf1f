"""Proofs that allow connecting an installation, and what is not a proof."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DomainError
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId
from core.domain.install.claims import (
    Announcement,
    Evidence,
    InstallationNotProven,
    InstallationNotVisible,
    Proof,
    prove,
    should_bind,
)
from core.domain.install.installations import Installation, RepositoryAdministration
from core.domain.integrations.integration import (
    InstallationBoundElsewhere,
    Integration,
    IntegrationStatus,
    OrganizationAlreadyConnected,
)
from core.domain.provider_errors import InstallationGone, InstallationSuspended
from tests.support.builders.domain import INTEGRATION, NOW, ORGANIZATION

PERSON, OTHER = ProviderUserId("7"), ProviderUserId("8")
ACCOUNT = AccountId("9")
INSTALLATION = Installation(
    provider_id="41000001",
    account_id=ACCOUNT,
    account_login="acme",
    account_type="Organization",
    account_url=None,
    repository_selection="all",
    permissions={},
    manage_url=None,
    suspended_at=None,
    updated_at=None,
)
NOTHING = Evidence(began_at=NOW, person_id=PERSON, installation=INSTALLATION, is_listed=True)
LATER = NOW + timedelta(minutes=1)


def evidence_with_announcement(**changes: Any) -> Evidence:
    """Return evidence with one announcement, by default of a stranger's doing."""
    announcement = Announcement(received_at=LATER, account_id=ACCOUNT, sender_id=OTHER, requester_id=None)
    return replace(NOTHING, announcements=(replace(announcement, **changes),))


def evidence_with_counts(total: int, administered: int, covered: int | None) -> Evidence:
    """Return evidence with these counts."""
    return replace(NOTHING, administration=RepositoryAdministration(total, administered), covered=covered)


@pytest.mark.parametrize(
    ("evidence", "proof"),
    [
        (
            replace(NOTHING, installation=replace(INSTALLATION, account_type="User", account_id=AccountId(PERSON))),
            Proof.OWN_ACCOUNT,
        ),
        (evidence_with_announcement(sender_id=PERSON), Proof.INSTALLED_IT),
        (evidence_with_announcement(sender_id=PERSON, received_at=NOW), Proof.INSTALLED_IT),
        (evidence_with_announcement(requester_id=PERSON), Proof.REQUESTED_IT),
        (evidence_with_announcement(requester_id=PERSON, received_at=NOW - timedelta(days=3)), Proof.REQUESTED_IT),
        (evidence_with_counts(1, 1, 1), Proof.ADMINISTERS_ALL),
        (evidence_with_counts(12_345, 12_345, 12_345), Proof.ADMINISTERS_ALL),
    ],
)
def test_accepts_each_kind_of_proof(evidence: Evidence, proof: Proof) -> None:
    assert prove(evidence) is proof


@pytest.mark.parametrize(
    ("evidence", "refusal"),
    [
        (NOTHING, InstallationNotProven),
        (replace(NOTHING, installation=None), InstallationGone),
        (replace(NOTHING, installation=None, is_listed=False), InstallationGone),
        (replace(evidence_with_announcement(sender_id=PERSON), is_listed=False), InstallationNotVisible),
        (replace(evidence_with_counts(3, 3, 3), is_listed=False), InstallationNotVisible),
        # An organization whose number is a person's, and a person's account that is another's.
        (replace(NOTHING, installation=replace(INSTALLATION, account_id=AccountId(PERSON))), InstallationNotProven),
        (replace(NOTHING, installation=replace(INSTALLATION, account_type="User")), InstallationNotProven),
        (evidence_with_announcement(), InstallationNotProven),
        (evidence_with_announcement(requester_id=OTHER), InstallationNotProven),
        (evidence_with_announcement(sender_id=PERSON, received_at=NOW - timedelta(seconds=1)), InstallationNotProven),
        (evidence_with_announcement(sender_id=PERSON, account_id=AccountId("10")), InstallationNotProven),
        (evidence_with_announcement(requester_id=PERSON, account_id=None), InstallationNotProven),
        (evidence_with_announcement(sender_id=None), InstallationNotProven),
        (evidence_with_counts(0, 0, 0), InstallationNotProven),
        (evidence_with_counts(1, 1, 2), InstallationNotProven),
        (evidence_with_counts(2, 1, 2), InstallationNotProven),
        (evidence_with_counts(3, 3, 2), InstallationNotProven),
        (evidence_with_counts(2, 2, None), InstallationNotProven),
        (replace(NOTHING, covered=2), InstallationNotProven),
    ],
)
def test_explains_a_missing_proof(evidence: Evidence, refusal: type[DomainError]) -> None:
    """The missing part decides the explanation for the user."""
    with pytest.raises(refusal):
        prove(evidence)


SUSPENDED_THERE = replace(INSTALLATION, suspended_at=NOW)


@pytest.mark.parametrize(
    "evidence", [NOTHING, evidence_with_announcement(), replace(NOTHING, covered=2), evidence_with_counts(2, 2, None)]
)
def test_names_a_suspension_that_prevents_the_proof(evidence: Evidence) -> None:
    """The user does not need an owner then."""
    with pytest.raises(InstallationSuspended):
        prove(replace(evidence, installation=SUSPENDED_THERE))


def test_accepts_a_suspended_installation() -> None:
    """It is connected as suspended."""
    assert (
        prove(replace(evidence_with_announcement(sender_id=PERSON), installation=SUSPENDED_THERE)) is Proof.INSTALLED_IT
    )


counts = st.integers(0, 3)
ids = st.sampled_from([PERSON, OTHER, None])
announcements = st.builds(
    Announcement,
    received_at=st.sampled_from([NOW - timedelta(1), NOW, LATER]),
    account_id=st.sampled_from([ACCOUNT, AccountId("10"), None]),
    sender_id=ids,
    requester_id=ids,
)
evidences = st.builds(
    Evidence,
    began_at=st.just(NOW),
    person_id=st.just(PERSON),
    installation=st.sampled_from([INSTALLATION, replace(INSTALLATION, account_type="User"), None]),
    is_listed=st.booleans(),
    announcements=st.lists(announcements, max_size=3).map(tuple),
    administration=st.none() | st.builds(RepositoryAdministration, counts, counts),
    covered=st.none() | counts,
)


@given(evidences)
def test_requires_the_conditions_of_the_rule(evidence: Evidence) -> None:
    """The installation is of this app and listed for the user, and has one of four proofs."""
    try:
        proof = prove(evidence)
    except DomainError:
        return
    assert evidence.installation is not None
    assert evidence.is_listed
    named = [one for one in evidence.announcements if one.account_id == ACCOUNT]
    match proof:
        case Proof.OWN_ACCOUNT:
            assert str(evidence.installation.account_id) == str(PERSON)
        case Proof.REQUESTED_IT:
            assert PERSON in {one.requester_id for one in named}
        case Proof.INSTALLED_IT:
            assert PERSON in {one.sender_id for one in named if one.received_at >= NOW}
        case Proof.ADMINISTERS_ALL:
            assert evidence.covered
            whole = RepositoryAdministration(evidence.covered, evidence.covered)
            assert evidence.administration == whole


REVOKED = replace(INTEGRATION, status=IntegrationStatus.REVOKED)
SUSPENDED = replace(INTEGRATION, status=IntegrationStatus.SUSPENDED)
PROVIDER_ID = INTEGRATION.provider_id
ELSEWHERE = OrganizationId(ORGANIZATION + 1)


@pytest.mark.parametrize("current", [None, REVOKED])
@pytest.mark.parametrize("holder", [None, ORGANIZATION])
def test_connects_a_free_installation(current: Integration | None, holder: OrganizationId | None) -> None:
    """To an organization without an active integration."""
    assert should_bind("999", ORGANIZATION, holder=holder, current=current)


@pytest.mark.parametrize("current", [INTEGRATION, SUSPENDED])
def test_second_request_finds_the_integration(current: Integration | None) -> None:
    assert not should_bind(PROVIDER_ID, ORGANIZATION, holder=ORGANIZATION, current=current)


@pytest.mark.parametrize("current", [None, REVOKED, INTEGRATION, SUSPENDED])
def test_rejects_an_installation_of_another_organization_first(current: Integration | None) -> None:
    """Whatever this organization has."""
    with pytest.raises(InstallationBoundElsewhere):
        should_bind("999", ORGANIZATION, holder=ELSEWHERE, current=current)


@pytest.mark.parametrize("current", [INTEGRATION, SUSPENDED])
def test_allows_one_active_integration(current: Integration | None) -> None:
    """Another installation needs a disconnect first."""
    with pytest.raises(OrganizationAlreadyConnected):
        should_bind("999", ORGANIZATION, holder=None, current=current)
