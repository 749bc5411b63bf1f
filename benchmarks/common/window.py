"""Measure one window: what process trees use while something is done, from quiet to quiet."""

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from benchmarks.common.cpu import cpu_ticks, machine_ticks, microseconds, wait_until_quiet

T = TypeVar("T")


@dataclass(frozen=True)
class Used(Generic[T]):
    """Hold what was done and what it took."""

    result: T
    us: Sequence[float]
    """The CPU of each process tree, in microseconds, in the order they were named."""
    others_cores: float
    """How many cores were kept busy by what is not part of the measurement: how noisy the window was."""


def used_by(roots: Sequence[int], act: Callable[[], T]) -> Used[T]:
    """Do something and return what these process trees used for it, this process and its own aside."""
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
