"""The function that RQ calls. Its path and its arguments are in Redis, so they must not change."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rq import get_current_job

from core.domain.deliveries.source_key import LANES


@dataclass(slots=True)
class _Worker:
    """The drain of this worker process; None before it has started."""

    drain: Callable[[int], None] | None = field(default=None)


_worker = _Worker()


def serve(drain_lane: Callable[[int], None] | None) -> None:
    """Run jobs in this process with this function, or reject jobs if it is None."""
    _worker.drain = drain_lane


def find_traceparent() -> str | None:
    """Return the `traceparent` that came with the notification of the current job."""
    job = get_current_job()
    traceparent = job.meta.get("traceparent") if job else None
    return traceparent if isinstance(traceparent, str) else None


def drain(lane: int) -> None:
    """Drain one lane; raises if this process runs no jobs or the lane does not exist."""
    if _worker.drain is None:
        raise RuntimeError("This process does not serve jobs")
    if lane not in range(LANES):
        raise ValueError("No such lane")
    _worker.drain(lane)
