"""PostgreSQL and Redis, and the processes that are only seen in them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.installation_checks import CheckBacklog
from core.domain.recoveries import RecoveryState
from entrypoints.doctor.findings import Finding, fail, ok, warn
from entrypoints.doctor.wording import counted, deliveries, lasting

# The sweep rings every five seconds for what is due.
_WAITS_TOO_LONG = timedelta(minutes=1)
# The scheduler compares every five minutes, also where the provider does not answer for a while.
_COMPARED_TOO_LONG_AGO = timedelta(minutes=20)
# A check is due once a day, and may wait half a day for its turn.
_CHECKED_TOO_LATE = timedelta(days=1)


def judge_revision(current: str | None, newest: str) -> Finding:
    """Judge the schema's revision; revisions are numbered, so a higher number is a newer version's."""
    about, migrate = "migrations", "Run `crewkit-git migrate`."
    if current == newest:
        return ok(about, f"The schema is at revision {newest}, the newest.")
    if current is None:
        return fail(about, "The database was never migrated.", migrate)
    if current > newest:
        return warn(
            about,
            f"The schema is at revision {current}, newer than this version's {newest}.",
            "Expected after a rollback or during an upgrade: this version works with it (docs/upgrades.md).",
        )
    return fail(about, f"The schema is at revision {current} and not at {newest}.", migrate)


def judge_pooler(*, has_statement_timeout: bool) -> Finding:
    """Judge a database behind a connection pooler, whose sessions do not keep the service's settings."""
    about = "pooler"
    message = "The database is behind a connection pooler; prepared statements are off."
    if has_statement_timeout:
        return ok(about, message)
    return warn(
        about,
        f"{message} Reads have no time limit at the server.",
        "Run ALTER ROLE … SET statement_timeout = '8s', the same for lock_timeout = '5s', "
        "idle_in_transaction_session_timeout = '5s' and random_page_cost = 1.1, and reconnect the pooler.",
    )


def judge_workers(names: Sequence[str]) -> Finding:
    """Judge who listens."""
    if names:
        return ok("worker", f"{counted(len(names), 'worker')} listening.")
    return fail(
        "worker", "No worker listens, so nothing that arrives is processed.", "Start `crewkit-git worker`."
    )


def judge_backlog(oldest_due: datetime | None, failed: int, most: int, *, now: datetime) -> list[Finding]:
    """Judge what waits, and what no longer does since it failed; `most` is where the count of these ended."""
    found = []
    waits = now - oldest_due if oldest_due else timedelta(0)
    if waits > _WAITS_TOO_LONG:
        found.append(
            fail(
                "backlog",
                f"A delivery has been waiting for {lasting(waits)}.",
                "See whether `crewkit-git worker` and `crewkit-git scheduler` run, and what they log.",
            )
        )
    else:
        found.append(ok("backlog", "No delivery waits for long."))
    if failed:
        count = f"{failed} or more deliveries" if failed >= most else deliveries(failed)
        found.append(
            warn(
                "backlog",
                f"{count} failed.",
                "See why: `crewkit-git events list --status failed`; then `crewkit-git events retry`.",
            )
        )
    return found


def judge_checks(backlog: CheckBacklog, *, now: datetime) -> Finding:
    """Judge whether the daily checks of installations with GitHub are on time."""
    about = "reconciliation"
    checked = backlog.last_checked_at
    last = f" The last check was {lasting(now - checked)} ago." if checked else ""
    late = now - backlog.due_since if backlog.due_since else timedelta(0)
    if late > _CHECKED_TOO_LATE:
        return fail(
            about,
            f"Daily checks with GitHub are late: {counted(backlog.overdue, 'installation')} due, the oldest "
            f"for {lasting(late)}.{last}",
            "Start `crewkit-git scheduler`, or check its log for failed calls to GitHub.",
        )
    return ok(about, f"Daily checks with GitHub are on time ({counted(backlog.live, 'installation')}).{last}")


def judge_scheduler(recovery: RecoveryState, *, now: datetime) -> list[Finding]:
    """Judge the scheduler by what it leaves behind: a comparison with the provider's log of deliveries."""
    about, start = "scheduler", "Start `crewkit-git scheduler`, or see what it logs."
    if recovery.compared_at is None:
        return [warn(about, "It never compared the provider's log of deliveries with ours.", start)]
    age = now - recovery.compared_at
    said = f"It compared the provider's log of deliveries with ours {lasting(age)} ago"
    if age > _COMPARED_TOO_LONG_AGO:
        return [fail(about, f"{said}, and should every five minutes.", start)]
    found = [ok(about, f"{said}.")]
    if recovery.missing:
        found.append(
            warn(
                "recovery",
                f"{deliveries(recovery.missing)} of that log are missing in ours.",
                "They are being fetched; at once with `crewkit-git recover-deliveries`.",
            )
        )
    return found
