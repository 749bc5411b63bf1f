"""The types of a benchmark: its targets, its report and its environment."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

from benchmarks.common import services
from benchmarks.common.services import Services


@dataclass(frozen=True)
class Demand:
    """One target, and the result."""

    demand: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Report:
    """The result of a benchmark: its targets, and all figures in Markdown with headings of level 2."""

    demands: Sequence[Demand]
    body: str
    software: Sequence[str] = ()
    """Software that affects the figures besides this project, with versions."""


@dataclass
class Stage:
    """The environment of a benchmark. Servers start when a benchmark first uses them."""

    home: Path
    """An empty directory on disk, not in memory."""
    repetitions: int
    seconds: int
    """The length of one window."""
    quick: bool
    """Run a short version, for a quick check after a change."""
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    @cached_property
    def servers(self) -> Services:
        """PostgreSQL and Redis of this run, with durable commits."""
        return self._stack.enter_context(services.run_servers(self.home / "services"))

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Stop the servers at the end of the block."""
        with self._stack:
            yield self


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its title in reports, and the function that runs it."""

    title: str
    run: Callable[[Stage], Report]
