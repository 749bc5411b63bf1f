"""Write down what the competition found."""

from collections.abc import Iterable, Sequence

from benchmarks.receiving.competition import Results
from benchmarks.receiving.contenders import OURS, Contender
from benchmarks.receiving.demands import HEADLINE, cpu_ratios
from benchmarks.receiving.window import Cell
from benchmarks.tables import noise, spread, sum_of_medians, table

_METHOD = """\
CPU per event is what the operating system charged to the process trees of the application, PostgreSQL and
Redis from quiet to quiet, divided by the events handled; the load generator is not in it.

Every contender gets the same signed bytes from `wrk`: a push of 7.6 KB, with a delivery id of its own for
each request, on a database of its own in the same PostgreSQL, with durable commits, through Unix sockets.
Before its first window each has shown that it accepts a signed delivery, stores a repeated one once, and
refuses a forged one (but the empty endpoint); in every window all answers were successes, and no fewer
events were stored than acknowledged.

Not covered: TLS, several processes, slow disks; large tables (`python -m benchmarks growth`). `wrk` sends
again only when answered, so what a fixed rate of arrivals would make of the latencies is not seen either."""

_COLUMNS = (
    *("", "events/s", "CPU µs/event", "app + PostgreSQL + Redis"),
    *("times our CPU", "p50 ms", "p99 ms", "stores"),
)


def body(results: Results) -> str:
    """Return all figures in Markdown."""
    others = [window.others_cores for windows in results.windows.values() for window in windows]
    told = noise(results.plan.repetitions, results.plan.seconds, others)
    return "\n\n".join([_METHOD, told, *_loads(results)])


def _loads(results: Results) -> Iterable[str]:
    cells = sorted(
        results.plan.cells, key=lambda cell: (cell.installations, cell != HEADLINE, cell.connections)
    )
    for cell in cells:
        yield f"## {cell}"
        yield table(_COLUMNS, [_row(results, cell, contender) for contender in results.plan.contenders])
    growth = [line for cell in cells if cell.installations > 1 for line in _growth(results, cell)]
    if growth:
        yield "## Our CPU per event, as a multiple of that with 1 installation"
        yield "\n".join(growth)


def _row(results: Results, cell: Cell, contender: Contender) -> Sequence[str]:
    windows = results.windows.get((cell, contender.name))
    title = f"**{contender.title}**" if contender is OURS else contender.title
    if not windows:
        return (title, f"not measured: {results.unavailable[contender.name]}", *[""] * 6)
    parts = [[window.app_us, window.postgres_us, window.redis_us] for window in windows]
    ratios = [] if contender is OURS else cpu_ratios(results, cell, contender.name)
    return (
        title,
        spread([window.events_per_second for window in windows]),
        spread([window.total_us for window in windows]),
        sum_of_medians(parts),
        spread(ratios, digits=1),
        spread([window.p50_ms for window in windows], digits=2),
        spread([window.p99_ms for window in windows], digits=1),
        "no" if contender.table is None else "yes, and queues" if contender.queue else "yes",
    )


def _growth(results: Results, cell: Cell) -> Iterable[str]:
    many = results.windows.get((cell, OURS.name), [])
    one = results.windows.get((Cell(cell.connections, 1), OURS.name), [])
    if many and one:
        ratios = [window.total_us / beside.total_us for window, beside in zip(many, one, strict=True)]
        yield f"- {cell}: {spread(ratios, digits=2)}"
