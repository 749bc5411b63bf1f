"""How a step of installing may end, besides in a refusal: all of these are normal."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.provider import Installation
from core.domain.returns import SetupAction


@dataclass(frozen=True, slots=True)
class Connected:
    """The organization has the installation; the browser goes on to a path of ours."""

    return_to: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """The browser has to see another page of the provider's."""

    url: str


@dataclass(frozen=True, slots=True)
class Choose:
    """Several installations are proven; `state` goes with the choice."""

    state: str
    installations: Sequence[Installation]


@dataclass(frozen=True, slots=True)
class AwaitingApproval:
    """An owner of this account has been asked to approve."""

    account: str
    return_to: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """The browser began nothing here: an owner approved, or someone installed from the provider's side."""

    setup_action: SetupAction | None


Outcome = Connected | GoOn | Choose | AwaitingApproval | Unasked
