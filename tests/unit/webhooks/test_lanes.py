"""Which lane the events of an installation have."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.deliveries.delivery import VerifiedDelivery
from core.domain.deliveries.source_key import LANES, choose_lane, to_number

numbers = st.integers(1, 2**63 - 1)


@given(st.text())
def test_each_source_key_has_a_lane(source_key: str) -> None:
    """For any text of a provider, including lone surrogates and numbers of any length."""
    assert 0 <= choose_lane(source_key) < LANES


@given(numbers)
def test_number_keeps_the_lane_of_release_0_1_0(number: int) -> None:
    """Old and new processes run at the same time, and an event never changes its lane."""
    assert choose_lane(str(number)) == (number * 2_654_435_761 & 0xFFFFFFFF) * 32 >> 32


def test_lanes_equal_stored_lanes() -> None:
    """Rows keep their lane, so the rule never changes."""
    numbers = (1, 2, 3, 41_000_001, 2**31, 2**63 - 1)
    assert [choose_lane(str(number)) for number in numbers] == [19, 7, 27, 2, 16, 12]
    texts = ("group:1", "group:2", "user:1", "a-b-c", "007", str(2**63))
    assert [choose_lane(text) for text in texts] == [30, 13, 15, 17, 23, 26]


def test_events_without_an_installation_share_the_first_lane() -> None:
    assert choose_lane(None) == 0


@pytest.mark.parametrize("first", [1, 41_000_001, 90_000_000])
@pytest.mark.parametrize("step", [1, 2, 16, 32, 1000])
def test_installations_spread_over_the_lanes(first: int, step: int) -> None:
    """Ids are nearly sequential; a thousand leave no lane empty and none with twice its share."""
    spread = Counter(choose_lane(str(first + step * number)) for number in range(1000))
    assert len(spread) == LANES
    assert max(spread.values()) <= 2 * 1000 / LANES


def test_delivery_has_the_lane_of_its_installation() -> None:
    """From the envelope alone."""
    delivery = VerifiedDelivery("github", "push", "d", None, "41000001", None, b"{}")
    assert delivery.lane == choose_lane("41000001")


def test_text_keys_spread_over_the_lanes() -> None:
    """A thousand groups leave no lane empty and none with twice its share."""
    spread = Counter(choose_lane(f"group:{number}") for number in range(9_000_000, 9_001_000))
    assert len(spread) == LANES
    assert max(spread.values()) <= 2 * 1000 / LANES


@pytest.mark.parametrize("text", ["", "0", "01", "+1", "-1", " 1", "1_0", "\u0661", "1.0", str(2**63), "9" * 5000])
def test_only_canonical_positive_numbers_are_numbers(text: str) -> None:
    """Two keys never become one number."""
    assert to_number(text) is None


def test_largest_number_fits_the_column() -> None:
    """`installation_id` is a bigint."""
    assert to_number(str(2**63 - 1)) == 2**63 - 1
