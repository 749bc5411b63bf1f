"""Compare webhook receivers. The results state whether a receiver stores deliveries."""

from collections.abc import Sequence

from benchmarks.benchmark import Benchmark, Report, Stage
from benchmarks.common.load import find_wrk, wrk_version
from benchmarks.machine import packages
from benchmarks.receiving import nodejs
from benchmarks.receiving.competition import Plan, compete
from benchmarks.receiving.contenders import CONTENDERS, QUICK
from benchmarks.receiving.demands import ALONE, HEADLINE, check
from benchmarks.receiving.report import body
from benchmarks.receiving.window import Cell

_CELLS = [Cell(connections, installations) for installations in (1, 1_000) for connections in (1, 8, 64, 256)]


def run(stage: Stage) -> Report:
    """Let all contenders take turns under every load."""
    find_wrk()
    contenders = [one for one in CONTENDERS if not stage.quick or one.name in QUICK]
    plan = Plan(contenders, [ALONE, HEADLINE] if stage.quick else _CELLS, stage.repetitions, stage.seconds)
    results = compete(plan, stage.servers, stage.home)
    return Report(check(results), body(results), _software(stage))


def _software(stage: Stage) -> Sequence[str]:
    versions = packages("uvicorn", "uvloop", "httptools", "starlette", "psycopg", "rq", "redis")
    return (
        ", ".join([*stage.servers.versions, wrk_version()]),
        versions,
        packages("fastapi", "sqlalchemy", "aiohttp", "gidgethub"),
        nodejs.versions(),
    )


BENCHMARK = Benchmark("Receiving a delivery", run)
