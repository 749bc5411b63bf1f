from dataclasses import dataclass
from enum import StrEnum


class Delivering(StrEnum):
    """When deliveries are sent, relative to the page or call that caused them."""

    AT_ONCE = "at_once"
    BEFORE_RETURN = "before_return"
    HELD = "held"
    FAILING = "failing"
    NEVER = "never"


@dataclass(slots=True)
class Behaviour:
    """What GitHub does differently at times, or what is not known of it: each can be tried both ways."""

    delivering: Delivering = Delivering.AT_ONCE
    """At once in the background; before the browser returns; held until released; failing, that is logged
    but never sent; or never, as if the event had not happened."""
    delivery_timeout: float = 10.0
    """Seconds a receiver has."""
    stateless_tokens: bool = True
    """Installation tokens have the long form GitHub rolls out since 2026."""
    code_on_request: bool = False
    """A return after asking an owner carries a code where the app wants one."""
    deleted_repositories_told: bool = True
    """Apps hear of `repository.deleted`, which GitHub's documentation denies and tests have seen."""
    requests_per_hour: int = 5000
    """The primary limit of one credential's owner."""
    points_per_minute: int = 900
    """The secondary limit: reading costs 1 point, writing 5."""
    concurrent_requests: int = 100
    """The other secondary limit."""
