"""Compare gRPC calls with a server that only echoes, and measure the memory of idle streams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import click
import psutil

from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.calling.scene import Scene, Server, callable_servers
from benchmarks.common.window import measure_use
from benchmarks.machine import packages
from benchmarks.tables import noise, ratios, spread, table

STREAMS = 1_000
_IN_FLIGHT = ALONE, BUSY = (1, 64)
_MIB = 1024 * 1024
SERVICE, BARE = "GetIntegration", "echo"

_METHOD = f"""\
A service calls `GetIntegration`. Each call verifies the token, checks the permission, reads the database,
and is logged and measured. In turns with it, an echo server on the same grpc.aio and event loop returns 100
bytes. The CPU of the callers is not included. Afterwards {STREAMS:,} event streams without events are
opened over ten connections, and the memory of the process is measured."""


@dataclass(frozen=True)
class Window:
    """Hold what one window measured; CPU in microseconds per call."""

    calls_per_second: float
    us: float
    postgres_us: float
    p50_ms: float
    others_cores: float


Results = Mapping[tuple[str, int], Sequence[Window]]


def run(stage: Stage) -> Report:
    """Measure window after window, then the streams."""
    with callable_servers(stage.servers, stage.home) as scene:
        for server in (scene.service, scene.bare):
            server.call(BUSY, 1)  # fills caches and connection pools
        results = _windows(stage, scene)
        streams = 100 if stage.quick else STREAMS
        before = _memory(scene.service)
        with scene.streams(streams):
            after = _memory(scene.service)
    others = [window.others_cores for windows in results.values() for window in windows]
    body = "\n\n".join(
        [
            _METHOD,
            noise(stage.repetitions, stage.seconds, others),
            _table(results),
            f"The process uses {before:.0f} MiB, and {after:.0f} MiB with {streams:,} idle streams.",
        ]
    )
    software = [stage.servers.versions[0], packages("grpcio", "protobuf", "uvloop", "psycopg")]
    return Report(check(results, after), body, software)


def check(results: Results, memory: float) -> Sequence[Demand]:
    """Check the demands on calls and streams."""
    service_times = [window.us for window in results[SERVICE, BUSY]]
    bare = [window.us for window in results[BARE, BUSY]]
    ratio = median(ratios(bare, service_times))
    words = f"{SERVICE} uses at most 2.5 times the CPU of an echo ({BUSY} concurrent calls)"
    return (
        Demand(words, f"{ratio:.2f} times", ratio <= 2.5),
        Demand(f"at most 150 MiB with {STREAMS:,} idle streams", f"{memory:.0f} MiB", memory <= 150),
    )


def _windows(stage: Stage, scene: Scene) -> Results:
    results: dict[tuple[str, int], list[Window]] = {}
    for repetition in range(stage.repetitions):
        click.echo(f"repetition {repetition + 1} of {stage.repetitions}")
        for name, server in ((BARE, scene.bare), (SERVICE, scene.service)):
            for in_flight in _IN_FLIGHT:
                window = _measure(server, stage, in_flight)
                results.setdefault((name, in_flight), []).append(window)
                click.echo(
                    f"  {name:<14} {in_flight:>2} concurrent calls: {window.calls_per_second:>6,.0f}/s, "
                    f"{window.us:,.0f} + {window.postgres_us:,.0f} µs, p50 {window.p50_ms:.2f} ms"
                )
    return results


def _measure(server: Server, stage: Stage, in_flight: int) -> Window:
    roots = (server.pid, stage.servers.postgres_pid)
    used = measure_use(roots, lambda: server.call(in_flight, stage.seconds))
    calls = used.result["calls"]
    us, postgres_us = (us / calls for us in used.us)
    return Window(calls / stage.seconds, us, postgres_us, used.result["p50_ms"], used.others_cores)


def _memory(server: Server) -> float:
    found: float = psutil.Process(server.pid).memory_info().rss / _MIB
    return found


def _table(results: Results) -> str:
    rows = [
        (
            name,
            str(in_flight),
            spread([window.calls_per_second for window in windows]),
            spread([window.us for window in windows]),
            spread([window.postgres_us for window in windows]),
            spread([window.p50_ms for window in windows], digits=2),
        )
        for (name, in_flight), windows in sorted(results.items())
    ]
    return table(("", "concurrent calls", "calls/s", "CPU µs/call", "PostgreSQL µs/call", "p50 ms"), rows)


BENCHMARK = Benchmark("Calls over gRPC", run)
