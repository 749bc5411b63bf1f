"""Say what a benchmark is, and what it measures with."""

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
    """Hold one demand and what was found of it."""

    demand: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Report:
    """Hold what a benchmark found: its demands, and all figures in Markdown, below headings of level 2."""

    demands: Sequence[Demand]
    body: str
    software: Sequence[str] = ()
    """What the figures depend on besides this project's own code, each with its version."""


@dataclass
class Stage:
    """What a benchmark measures with; servers are started when the first of them wants any."""

    home: Path
    """An empty directory on a disk, not in memory."""
    repetitions: int
    seconds: int
    """How long one window is."""
    quick: bool
    """Measure the least that says anything, for whoever changes something and looks again."""
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    @cached_property
    def servers(self) -> Services:
        """A PostgreSQL and a Redis of this run, with durable commits."""
        return self._stack.enter_context(services.running(self.home / "services"))

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Close at the end what was opened in between."""
        with self._stack:
            yield self


@dataclass(frozen=True)
class Benchmark:
    """Describe one: what it is called in reports, and how it is run."""

    title: str
    run: Callable[[Stage], Report]
