"""What RQ calls. The doorbell enqueues these by name with plain JSON arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rq import get_current_job

from core.domain.deliveries.source_key import LANES


@dataclass(slots=True)
class _Serving:
    """The drain of the worker that this process is; there is none until it has started."""

    drain: Callable[[int], None] | None = field(default=None)


_serving = _Serving()


def serve(drain_lane: Callable[[int], None] | None) -> None:
    """Let jobs run in this process, or stop letting them."""
    _serving.drain = drain_lane


def find_traceparent() -> str | None:
    """Return the `traceparent` of whoever rang for the job under way."""
    job = get_current_job()
    found = job.meta.get("traceparent") if job else None
    return found if isinstance(found, str) else None


def drain(lane: int) -> None:
    """Drain one lane; a job nobody should have enqueued is refused."""
    if _serving.drain is None:
        raise RuntimeError("This process does not serve jobs")
    if lane not in range(LANES):
        raise ValueError("No such lane")
    _serving.drain(lane)
