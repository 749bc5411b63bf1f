from dataclasses import dataclass
from enum import StrEnum


class DeliveryMode(StrEnum):
    """When deliveries are sent, relative to the page or call that caused them."""

    AT_ONCE = "at_once"
    BEFORE_RETURN = "before_return"
    HELD = "held"
    FAILING = "failing"
    NEVER = "never"


@dataclass(slots=True)
class Behaviour:
    """Options for behavior of GitHub that varies or is undocumented, so that tests can try each variant."""

    delivering: DeliveryMode = DeliveryMode.AT_ONCE
    """See `DeliveryMode`. `failing` deliveries are logged but not sent; with `never` there is no delivery."""
    delivery_timeout: float = 10.0
    """Seconds until a delivery counts as timed out."""
    stateless_tokens: bool = True
    """Whether installation tokens have the long format that GitHub introduced in 2026."""
    code_on_request: bool = False
    """Whether the redirect after an installation request contains a code if the app requests authorization."""
    # language: allow "told" - a field of the released control API
    deleted_repositories_told: bool = True
    """Whether apps receive `repository.deleted`. The documentation says no; tests on GitHub received it."""
    requests_per_hour: int = 5000
    """The primary rate limit of the owner of a credential."""
    points_per_minute: int = 900
    """The secondary rate limit: a read costs 1 point, a write 5."""
    concurrent_requests: int = 100
    """The secondary limit of concurrent requests."""
    tree_entries: int = 100_000
    """The most entries of a tree in one response."""
