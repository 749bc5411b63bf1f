"""Run one RQ worker of the named class, with the jobs imported before it forks, as RQ's manual advises."""

import os
import sys

import rq
from redis import Redis

from benchmarks.processing import rq_jobs  # noqa: F401 - a forking worker would otherwise import it once per job


def main() -> None:
    """Work until stopped."""
    worker_class = {"Worker": rq.Worker, "SimpleWorker": rq.SimpleWorker}[sys.argv[1]]
    worker = worker_class(["default"], connection=Redis.from_url(os.environ["REDIS_URL"]))
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
