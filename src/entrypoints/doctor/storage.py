"""The database, the event queue, and the processes whose state is visible in them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.deliveries.recovery import RecoveryState
from core.domain.integrations.installation_checks import CheckBacklog
from entrypoints.doctor.findings import Finding, fail, format_count, format_deliveries, format_duration, ok, warn

# The scheduler notifies workers of due events every five seconds.
_WAITS_TOO_LONG = timedelta(minutes=1)
# The scheduler compares every five minutes, unless the provider is unavailable for a while.
_COMPARED_TOO_LONG_AGO = timedelta(minutes=20)
# A check is due once a day and may wait up to half a day until it runs.
_CHECKED_TOO_LATE = timedelta(days=1)


def check_revision(current: str | None, newest: str) -> Finding:
    """Compare the schema's revision with the newest. Revisions are numbered, so a higher number is newer."""
    about, migrate = "migrations", "Run `crewkit-git migrate`."
    if current == newest:
        return ok(about, f"The database schema is at revision {newest}, the newest.")
    if current is None:
        return fail(about, "The database has no tables of this service yet.", migrate)
    if current > newest:
        return warn(
            about,
            f"The database schema is at revision {current}, newer than revision {newest} of this version of "
            "crewkit-git.",
            "This is expected after a rollback and during an upgrade: a version works with the schema of the "
            "next release. If the schema is of a later release, upgrade crewkit-git (docs/upgrades.md).",
        )
    return fail(about, f"The database schema is at revision {current}, but this version needs {newest}.", migrate)


def check_pooler(*, has_statement_timeout: bool) -> Finding:
    """Report whether the database role sets the timeouts: behind a pooler, sessions cannot set them."""
    about = "pooler"
    message = "The database is behind a connection pooler. Prepared statements are off."
    if has_statement_timeout:
        return ok(about, message)
    return warn(
        about,
        f"{message} PostgreSQL does not limit how long a statement may take.",
        "In PostgreSQL, run ALTER ROLE ROLE SET statement_timeout = '8s', with the user of "
        "CREWKIT_GIT_DATABASE_URL as ROLE. Do the same for lock_timeout = '5s', "
        "idle_in_transaction_session_timeout = '5s' and random_page_cost = 1.1. Then make the pooler open "
        "new connections: in PgBouncer's admin console, run RECONNECT.",
    )


def check_workers(names: Sequence[str]) -> Finding:
    """Report whether a worker runs."""
    if names:
        return ok("worker", f"{format_count(len(names), 'worker')} running.")
    return fail(
        "worker",
        "No worker is connected to this Redis. Webhook events are stored, but not processed.",
        "Start `crewkit-git worker`. If a worker runs, check that its CREWKIT_GIT_REDIS_URL is the same.",
    )


def check_backlog(oldest_due: datetime | None, failed: int, most: int, *, now: datetime) -> list[Finding]:
    """Report due webhook events that wait too long, and failed events; `failed` is at most `most`."""
    findings = []
    waits = now - oldest_due if oldest_due else timedelta(0)
    if waits > _WAITS_TOO_LONG:
        findings.append(
            fail(
                "backlog",
                f"The oldest due webhook event was received {format_duration(waits)} ago and is not processed yet.",
                "Check that `crewkit-git worker` and `crewkit-git scheduler` are running, and read their logs.",
            )
        )
    else:
        limit = _WAITS_TOO_LONG.total_seconds()
        findings.append(ok("backlog", f"No due webhook event was received more than {limit:.0f} seconds ago."))
    if failed:
        count = f"{failed} or more webhook events" if failed >= most else format_count(failed, "webhook event")
        findings.append(
            warn(
                "backlog",
                f"Processing failed for {count}.",
                "`crewkit-git events list --status failed` shows the reasons. When the cause is fixed, run "
                "`crewkit-git events retry --status failed`.",
            )
        )
    return findings


def check_checks(backlog: CheckBacklog, *, now: datetime) -> Finding:
    """Report whether the daily check of each installation at GitHub is on time."""
    about = "installation checks"
    checked = backlog.last_checked_at
    last = f" The last check was {format_duration(now - checked)} ago." if checked else ""
    delay = now - backlog.due_since if backlog.due_since else timedelta(0)
    if delay > _CHECKED_TOO_LATE:
        return fail(
            about,
            f"The daily check is due for {format_count(backlog.overdue, 'installation')}, and late for at least "
            f"one: the oldest check has been due for {format_duration(delay)}.{last}",
            "Check that `crewkit-git scheduler` is running, and search its log for "
            "`installation_check_failed`. Checks also wait while less than half of the app's hourly rate "
            "limit is left.",
        )
    return ok(about, f"No daily check is more than a day late ({format_count(backlog.live, 'installation')}).{last}")


def check_scheduler(recovery: RecoveryState, *, now: datetime) -> list[Finding]:
    """Report whether the scheduler runs, from the time of its last check for missing deliveries."""
    about = "scheduler"
    start = (
        "Check that `crewkit-git scheduler` is running, and search its log for `deliveries_recovered` with a "
        "`reason`, and for `schedule_failed`."
    )
    if recovery.compared_at is None:
        return [warn(about, "The provider's delivery log has never been checked completely.", start)]
    age = now - recovery.compared_at
    message = f"The provider's delivery log was last checked completely {format_duration(age)} ago"
    if age > _COMPARED_TOO_LONG_AGO:
        return [fail(about, f"{message}. The scheduler checks it every five minutes.", start)]
    findings = [ok(about, f"{message}.")]
    if recovery.missing:
        findings.append(
            warn(
                "recovery",
                f"{format_deliveries(recovery.missing)} in the provider's delivery log did not reach this service.",
                "The scheduler fetches them. To fetch them now, run `crewkit-git recover-deliveries`.",
            )
        )
    return findings
