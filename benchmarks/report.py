"""Write the figures down as docs/benchmarks.md shows them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from statistics import median

from benchmarks.gates import HEADLINE, check, cpu_ratios
from benchmarks.process import run as processing
from benchmarks.receive import run as receiving
from benchmarks.receive.contenders import OURS, Contender
from benchmarks.receive.window import Cell

_METHOD = """\
CPU per event is what the operating system charged to the process trees of the application,
PostgreSQL and Redis from quiet to quiet, divided by the events handled; the load generator is not
in it. It is far steadier than the clock, so comparisons are made by it: contenders take turns
window by window, ratios are taken within one repetition, and each figure is the median, with the
lowest and the highest in brackets.

Every contender gets the same signed bytes from `wrk`: a push of 7.6 KB, with a delivery id of its
own for each request, on a database of its own in the same PostgreSQL, with durable commits, through
Unix sockets. Before its first window each has shown that it accepts a signed delivery, stores a
repeated one once, and refuses a forged one (but the empty endpoint); in every window all answers
were successes, and no fewer events were stored than acknowledged.

Not covered: TLS, large tables, several processes, slow disks. `wrk` sends again only when answered,
so what a fixed rate of arrivals would make of the latencies is not seen either."""

_PROCESSING = """\
One worker process drains a backlog of such pushes. Ours are spread over all lanes; each belongs to
an active integration with a linked project, and each must have written its `git.push` domain event.
The baselines read the payload and update the row, no more."""


def render(
    command: str, machine: Sequence[str], received: receiving.Results, processed: processing.Results | None
) -> str:
    """Return the report in Markdown."""
    today = datetime.now(UTC).date().isoformat()
    blocks = [
        "# Benchmarks",
        f"Written by `{command}` on {today}; a new run replaces it.",
        "\n".join(f"- {line}" for line in machine),
        _METHOD,
        _noise(received),
        "## Demands",
        _demands(received),
        "## Receiving one delivery",
        *_receiving(received),
    ]
    if processed is not None:
        blocks += ["## Processing", _PROCESSING, _processing(processed)]
    return "\n\n".join(blocks) + "\n"


def _receiving(results: receiving.Results) -> Iterable[str]:
    cells = sorted(
        results.plan.cells, key=lambda cell: (cell.installations, cell != HEADLINE, cell.connections)
    )
    for cell in cells:
        yield f"### {cell}"
        yield _receiving_table(results, cell)
    growth = [line for cell in cells if cell.installations > 1 for line in _growth(results, cell)]
    if growth:
        yield "### Our CPU per event, as a multiple of that with 1 installation"
        yield "\n".join(growth)


def _receiving_table(results: receiving.Results, cell: Cell) -> str:
    columns = (
        "",
        "events/s",
        "CPU µs/event",
        "app + PostgreSQL + Redis",
        "times our CPU",
        "p50 ms",
        "p99 ms",
        "stores",
    )
    return _table(
        columns, [_receiving_row(results, cell, contender) for contender in results.plan.contenders]
    )


def _receiving_row(results: receiving.Results, cell: Cell, contender: Contender) -> Sequence[str]:
    windows = results.windows.get((cell, contender.name))
    title = f"**{contender.title}**" if contender is OURS else contender.title
    if not windows:
        return (title, f"not measured: {results.unavailable[contender.name]}", *[""] * 6)
    parts = [[window.app_us, window.postgres_us, window.redis_us] for window in windows]
    ratios = [] if contender is OURS else cpu_ratios(results, cell, contender.name)
    return (
        title,
        _spread([window.events_per_second for window in windows]),
        _spread([window.total_us for window in windows]),
        _sum_of_medians(parts),
        _spread(ratios, digits=1),
        _spread([window.p50_ms for window in windows], digits=2),
        _spread([window.p99_ms for window in windows], digits=1),
        "no" if contender.table is None else "yes, and queues" if contender.queue else "yes",
    )


def _growth(results: receiving.Results, cell: Cell) -> Iterable[str]:
    many = results.windows.get((cell, OURS.name), [])
    one = results.windows.get((Cell(cell.connections, 1), OURS.name), [])
    if many and one:
        ratios = [window.total_us / beside.total_us for window, beside in zip(many, one, strict=True)]
        yield f"- {cell}: {_spread(ratios, digits=2)}"


def _processing(results: processing.Results) -> str:
    rows: list[Sequence[str]] = [
        (name, f"not measured: {reason}", "", "") for name, reason in results.unavailable.items()
    ]
    for name, drains in results.drains.items():
        rows.append(
            (
                f"**{name}**" if name == processing.OURS else name,
                _spread([drain.events_per_second for drain in drains]),
                _spread([drain.total_us for drain in drains]),
                _sum_of_medians([[drain.worker_us, drain.postgres_us, drain.redis_us] for drain in drains]),
            )
        )
    return _table(("", "events/s", "CPU µs/event", "worker + PostgreSQL + Redis"), rows)


def _demands(results: receiving.Results) -> str:
    rows = [(gate.demand, gate.found, "yes" if gate.holds else "**no**") for gate in check(results)]
    return _table(("demand", "found", "holds"), rows)


def _noise(results: receiving.Results) -> str:
    others = [window.others_cores for windows in results.windows.values() for window in windows]
    seconds, repetitions = results.plan.seconds, results.plan.repetitions
    return (
        f"{repetitions} repetitions, windows of {seconds} s. Meanwhile everything else on the machine kept "
        f"{median(others):.2f} cores busy, at most {max(others):.2f}."
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sum_of_medians(parts: Sequence[Sequence[float]]) -> str:
    return " + ".join(f"{median(part):,.0f}" for part in zip(*parts, strict=True))


def _spread(figures: Sequence[float], digits: int = 0) -> str:
    """Write a median with the lowest and the highest."""
    if not figures:
        return ""
    middle, lowest, highest = (f"{f(figures):,.{digits}f}" for f in (median, min, max))
    return f"{middle} ({lowest} to {highest})"
