"""Compare the receivers: all contenders in turns, under every load."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.common import load
from benchmarks.common.deliveries import sign_pushes, write_for_wrk
from benchmarks.common.errors import Unavailable
from benchmarks.common.services import Services
from benchmarks.receiving.contenders import Contender
from benchmarks.receiving.contestant import Contestant, run_contender
from benchmarks.receiving.window import Cell, Window, measure

_WARM_UPS = ((256, 1), (64, 2))  # connections, seconds: fills connection pools, lets V8 compile


@dataclass(frozen=True)
class Plan:
    """What to measure, and for how long."""

    contenders: Sequence[Contender]
    cells: Sequence[Cell]
    repetitions: int
    seconds: int


@dataclass(frozen=True)
class Results:
    """The windows of each cell and contender, one per repetition, and the reasons for missing ones."""

    plan: Plan
    windows: Mapping[tuple[Cell, str], list[Window]]
    unavailable: Mapping[str, str]


def compete(plan: Plan, services: Services, home: Path) -> Results:
    """Start all contenders, warm them up, then measure window after window."""
    deliveries = {number: home / f"deliveries-{number}" for number in {c.installations for c in plan.cells}}
    for number, stem in deliveries.items():
        write_for_wrk(sign_pushes(number), stem)
    sample = sign_pushes(1)[0]
    windows: dict[tuple[Cell, str], list[Window]] = {}
    unavailable: dict[str, str] = {}
    with ExitStack() as stack:
        contestants: list[Contestant] = []
        for contender in plan.contenders:
            try:
                contestant = stack.enter_context(run_contender(contender, services, home, sample))
            except Unavailable as reason:
                unavailable[contender.name] = str(reason)
                click.echo(f"  {contender.title}: skipped, {reason}")
            else:
                contestants.append(contestant)
        if not contestants:
            raise click.ClickException("No receiver could be started. See the reasons above.")
        _warm_up(contestants, next(iter(deliveries.values())))
        for repetition in range(plan.repetitions):
            for cell in plan.cells:
                click.echo(f"repetition {repetition + 1} of {plan.repetitions}: {cell}")
                for contestant in contestants:
                    window = measure(contestant, services, cell, deliveries[cell.installations], plan.seconds)
                    windows.setdefault((cell, contestant.contender.name), []).append(window)
                    _show(contestant.contender, window)
    return Results(plan, windows, unavailable)


def _warm_up(contestants: Sequence[Contestant], deliveries: Path) -> None:
    click.echo("warming up")
    for contestant in contestants:
        for connections, seconds in _WARM_UPS:
            load.post_deliveries(contestant.url, deliveries, connections, seconds)


def _show(contender: Contender, window: Window) -> None:
    cpu = f"{window.app_us:,.0f} + {window.postgres_us:,.0f} + {window.redis_us:,.0f}"
    click.echo(
        f"  {contender.title:<42} {window.events_per_second:>7,.0f}/s {window.total_us:>6,.0f} µs = {cpu:<20}"
        f" p50 {window.p50_ms:,.2f} p99 {window.p99_ms:,.2f} ms, others {window.others_cores:.1f} cores"
    )
