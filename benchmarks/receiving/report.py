"""Format the results of the comparison."""

from collections.abc import Iterable, Sequence

from benchmarks.receiving.competition import Results
from benchmarks.receiving.contenders import SERVICE, Contender
from benchmarks.receiving.demands import HEADLINE, cpu_ratios
from benchmarks.receiving.window import Cell
from benchmarks.tables import noise, spread, sum_of_medians, table

_METHOD = """\
CPU per event is the CPU time of the application, PostgreSQL and Redis in a window, including the work that
continues after the load ends, divided by the number of processed events. It does not include the load
generator.

Every receiver gets the same signed bytes from `wrk`: a push of 7.6 KB with a new delivery id for each
request. Each receiver has a separate database in the same PostgreSQL, with durable commits, over Unix
sockets. Before its first window, each receiver must accept a signed delivery, store a repeated delivery
once, and reject a forged delivery (except the empty endpoint). In every window all responses were
successful, and at least as many events were stored as acknowledged.

Not covered: TLS, several processes, slow disks, large tables (`python -m benchmarks growth`). `wrk` sends
the next request after the response, so the latencies do not show the effect of a fixed arrival rate."""

_COLUMNS = (
    *("", "events/s", "CPU µs/event", "app + PostgreSQL + Redis"),
    *("CPU relative to crewkit-git", "p50 ms", "p99 ms", "stores deliveries"),
)


def body(results: Results) -> str:
    """Return all figures in Markdown."""
    others = [window.others_cores for windows in results.windows.values() for window in windows]
    noise_text = noise(results.plan.repetitions, results.plan.seconds, others)
    return "\n\n".join([_METHOD, noise_text, *_loads(results)])


def _loads(results: Results) -> Iterable[str]:
    cells = sorted(results.plan.cells, key=lambda cell: (cell.installations, cell != HEADLINE, cell.connections))
    for cell in cells:
        yield f"## {cell}"
        yield table(_COLUMNS, [_row(results, cell, contender) for contender in results.plan.contenders])
    growth = [line for cell in cells if cell.installations > 1 for line in _growth(results, cell)]
    if growth:
        yield "## CPU of crewkit-git per event, relative to 1 installation"
        yield "\n".join(growth)


def _row(results: Results, cell: Cell, contender: Contender) -> Sequence[str]:
    windows = results.windows.get((cell, contender.name))
    title = f"**{contender.title}**" if contender is SERVICE else contender.title
    if not windows:
        return (title, f"not measured: {results.unavailable[contender.name]}", *[""] * 6)
    parts = [[window.app_us, window.postgres_us, window.redis_us] for window in windows]
    ratios = [] if contender is SERVICE else cpu_ratios(results, cell, contender.name)
    return (
        title,
        spread([window.events_per_second for window in windows]),
        spread([window.total_us for window in windows]),
        sum_of_medians(parts),
        spread(ratios, digits=1),
        spread([window.p50_ms for window in windows], digits=2),
        spread([window.p99_ms for window in windows], digits=1),
        "no" if contender.table is None else "yes, with queue" if contender.queue else "yes",
    )


def _growth(results: Results, cell: Cell) -> Iterable[str]:
    many = results.windows.get((cell, SERVICE.name), [])
    one = results.windows.get((Cell(cell.connections, 1), SERVICE.name), [])
    if many and one:
        ratios = [window.total_us / beside.total_us for window, beside in zip(many, one, strict=True)]
        yield f"- {cell}: {spread(ratios, digits=2)}"
