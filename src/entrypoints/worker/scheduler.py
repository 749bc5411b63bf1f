import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from core.application import Application
from core.domain.errors import DomainError, StorageUnavailable
from entrypoints.bootstrap.monitoring import open_monitored
from entrypoints.process.limits import freeze_existing_objects
from entrypoints.settings.settings import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A scheduled job. It starts again `every` seconds after its last end, independently of other jobs.

    A run that takes longer than `at_most` seconds is cancelled. `side_by_side` is the number of parallel
    runs, for jobs in which a long run must not delay the others.
    """

    name: str
    action: Callable[[], Awaitable[object]]
    every: float
    at_most: float = 60.0
    side_by_side: int = 1


class Outage:
    """Logs a database outage once at its beginning and once at its end, for all schedules together.

    The outage ends when a schedule that failed succeeds. Other schedules may not have used the database.
    """

    def __init__(self) -> None:
        self._met_by: set[str] = set()

    def record_failure(self, schedule: Schedule, error: StorageUnavailable) -> None:
        """Record that a schedule failed because of the outage."""
        if not self._met_by:
            _log.warning("schedule_failed", schedule=schedule.name, error=error.code, reason=error.remedy or None)
        self._met_by.add(schedule.name)

    def record_success(self, schedule: Schedule) -> None:
        """Record that a schedule succeeded."""
        if schedule.name in self._met_by:
            self._met_by.clear()
            _log.info("schedules_resumed", schedule=schedule.name)


def schedules(application: Application) -> tuple[Schedule, ...]:
    """Return all scheduled jobs. Their work is stored in PostgreSQL, so a missed run loses nothing."""
    return (
        Schedule("requeue_due_events", application.deliveries.requeue_due, every=5, at_most=20),
        # Often, because users wait for the first sync. An account may have 10,000 repositories.
        Schedule("sync_catalogs", application.catalog.sync_due, every=1, at_most=1800, side_by_side=2),
        # Often, because users who connect an account wait for their earlier commits.
        Schedule("claim_commits", application.attribution.claim_commits, every=1, at_most=300),
        Schedule("revoke_tokens", application.connections.revoke_tokens, every=2),
        Schedule("look_up_identities", application.connections.look_up_identities, every=10),
        Schedule("follow_memberships", application.attribution.follow_memberships, every=60),
        Schedule("renew_installation_tokens", application.tokens.renew, every=60),
        Schedule("record_secret_uses", application.deliveries.record_secret_uses, every=60),
        Schedule("probe_suspended", application.tokens.probe_suspended, every=60),
        # Not urgent: these flows expired or were denied long ago.
        Schedule("end_expired_flows", application.install.end_expired, every=86_400, at_most=600),
        Schedule("revoke_orphaned_tokens", application.tokens.revoke_orphaned, every=5),
        Schedule("uninstall_revoked", application.integrations.uninstall_revoked, every=10),
        # Often, because users expect an uninstalled app to disappear immediately.
        Schedule("confirm_deletions", application.integrations.confirm_deletions, every=1),
        Schedule("check_installations", application.integrations.reconcile, every=60, at_most=300),
        Schedule("publish_backlog_gauges", application.events.publish_backlog_gauges, every=15, at_most=20),
        Schedule("apply_retention", application.events.apply_retention, every=300, at_most=1800),
        Schedule("delete_expired_keys", application.delete_expired_keys, every=600),
        # Also runs at start, to fetch what was missed during downtime.
        Schedule("recover_deliveries", partial(_recover, application), every=300, at_most=1800),
    )


async def run_scheduler(settings: Settings) -> None:
    """Run the scheduled jobs until SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    outage = Outage()
    async with open_monitored(settings) as runtime, asyncio.TaskGroup() as running:
        for schedule in schedules(runtime.application):
            for _ in range(schedule.side_by_side):
                running.create_task(repeat(schedule, outage, until=stopping), name=schedule.name)
        freeze_existing_objects()
        _log.info("scheduler_started")
    _log.info("scheduler_stopped")


async def repeat(schedule: Schedule, outage: Outage, *, until: asyncio.Event) -> None:
    """Run a schedule until a stop is requested, which cancels the current run. Failures do not end it."""
    stop = asyncio.create_task(until.wait())
    try:
        while not until.is_set():
            turn = asyncio.create_task(_run_once(schedule, outage))
            await asyncio.wait((turn, stop), return_when=asyncio.FIRST_COMPLETED)
            turn.cancel()
            await asyncio.wait((turn,))
            await asyncio.wait((stop,), timeout=schedule.every)
    finally:
        stop.cancel()


async def _recover(application: Application) -> None:
    """Recover deliveries, and log the result unless there was nothing to do."""
    for name, report in (await application.deliveries.recover()).items():
        did_nothing = not (report.found or report.recovered or report.failed or report.stopped_by)
        _log.log(
            logging.DEBUG if did_nothing else logging.INFO,
            "deliveries_recovered",
            provider=name,
            attempts_read=report.looked_at,
            newly_missing=sum(report.found.values()),
            recovered=report.recovered,
            redelivered=report.redelivered,
            failed=report.failed,
            missing=report.missing,
            reason=report.stopped_by,
        )


async def _run_once(schedule: Schedule, outage: Outage) -> None:
    try:
        async with asyncio.timeout(schedule.at_most):
            await schedule.action()
        outage.record_success(schedule)
    except StorageUnavailable as error:
        outage.record_failure(schedule, error)
    except DomainError as error:
        _log.warning("schedule_failed", schedule=schedule.name, error=error.code)
    except Exception:  # noqa: BLE001 - the schedule continues
        _log.exception("schedule_failed", schedule=schedule.name)
