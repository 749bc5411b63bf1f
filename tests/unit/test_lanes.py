"""Which mailbox an installation's events wait in."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.deliveries import VerifiedDelivery
from core.domain.lanes import LANES, lane_of

installations = st.integers(1, 2**63 - 1)


@given(installations)
def test_an_installation_has_one_lane(installation: int) -> None:
    """Its events meet in the same lane wherever and whenever they arrive."""
    assert 0 <= lane_of(installation) < LANES
    assert lane_of(installation) == lane_of(int(str(installation)))


def test_lanes_are_what_the_ledger_already_holds() -> None:
    """Rows keep the lane they got at receipt, so the rule never changes."""
    assert [lane_of(number) for number in (1, 2, 3, 41_000_001, 2**31, 2**63 - 1)] == [19, 7, 27, 2, 16, 12]


def test_events_of_no_installation_share_the_first_lane() -> None:
    """There is nothing to order them by."""
    assert lane_of(None) == 0


@pytest.mark.parametrize("first", [1, 41_000_001, 90_000_000])
@pytest.mark.parametrize("step", [1, 2, 16, 32, 1000])
def test_installations_spread_over_the_lanes(first: int, step: int) -> None:
    """Ids are nearly sequential; a thousand of them leave no lane empty and none with twice its share."""
    spread = Counter(lane_of(first + step * number) for number in range(1000))
    assert len(spread) == LANES
    assert max(spread.values()) <= 2 * 1000 / LANES


def test_a_delivery_waits_in_its_installations_lane() -> None:
    """Receipt decides the lane from the envelope alone."""
    delivery = VerifiedDelivery("github", "push", "d", None, 41_000_001, None, b"{}")
    assert delivery.lane == lane_of(41_000_001)
