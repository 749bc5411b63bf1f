"""Measure one window: the CPU of process trees while work runs, until they are idle again."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from benchmarks.common.cpu import cpu_ticks, machine_ticks, microseconds, wait_until_quiet

T = TypeVar("T")


@dataclass(frozen=True)
class Used(Generic[T]):
    """The result of the work and its cost."""

    result: T
    us: Sequence[float]
    """The CPU of each process tree, in microseconds, in the order they were named."""
    others_cores: float
    """Cores used by other programs during the window: a measure of noise."""


def measure_use(roots: Sequence[int], act: Callable[[], T]) -> Used[T]:
    """Run the work and return the CPU of these process trees, without this process and its children."""
    wait_until_quiet(roots)
    before, machine_before, own_before = [cpu_ticks(root) for root in roots], machine_ticks(), _own_us()
    began = time.monotonic()
    result = act()
    wait_until_quiet(roots)
    seconds = time.monotonic() - began
    us = [microseconds(cpu_ticks(root) - start) for root, start in zip(roots, before, strict=True)]
    others_us = microseconds(machine_ticks() - machine_before) - sum(us) - (_own_us() - own_before)
    return Used(result, us, max(0.0, others_us / 1_000_000 / seconds))


def _own_us() -> float:
    """Return the CPU of this process and of its children that have ended: the load generator among them."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1_000_000
