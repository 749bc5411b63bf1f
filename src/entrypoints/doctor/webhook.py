"""Where the provider delivers, and what became of what it delivered."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from core.domain.provider import LoggedDelivery, WebhookConfig
from entrypoints.doctor.findings import Finding, fail, note, ok, warn
from entrypoints.doctor.wording import deliveries, lasting

# What is younger may still be on its way into the ledger.
_ON_ITS_WAY = timedelta(minutes=1)
_GREETING = "ping"


def judge_webhook(config: WebhookConfig, expected: str, page: str, *, is_development: bool) -> list[Finding]:
    """Judge where deliveries go. Whether they are switched on, the provider does not tell."""
    about = "webhook"
    if not config.url:
        return [
            fail(about, "The app has no webhook URL.", f"Set it to {expected} and switch it on, at {page}")
        ]
    found = []
    if config.url != expected:
        judge = warn if is_development else fail
        remedy = (
            f"That is right if it is your tunnel to {expected}; else change it at {page}"
            if is_development
            else f"Change it at {page}, or correct CREWKIT_GIT_PUBLIC_URL."
        )
        found.append(judge(about, f"Deliveries go to {config.url} and not to {expected}.", remedy))
    if config.content_type not in ("json", "form"):
        found.append(fail(about, f"The content type is {config.content_type}.", f"Set it to json at {page}"))
    if not config.verifies_certificate:
        found.append(
            fail(about, "GitHub does not verify our certificate.", f"Enable SSL verification at {page}")
        )
    return found or [ok(about, f"Deliveries go to {config.url} as {config.content_type}.")]


def judge_deliveries(
    log: Sequence[LoggedDelivery], known: Collection[str] | None, page: str, *, now: datetime
) -> list[Finding]:
    """Judge what became of the newest deliveries, given newest first.

    `known` are those in our ledger; None where it could not be asked.
    """
    about = "deliveries"
    # The ping that greets a new webhook comes before the service knows its secret.
    log = [one for one in log if one.succeeded or one.event_type != _GREETING]
    if not log:
        return [
            note(
                about,
                f"GitHub delivered nothing yet. See that the webhook is active at {page}, then push.",
            )
        ]
    arrived = {one.guid for one in log if one.succeeded}
    lost = list({one.guid: one for one in reversed(log) if one.guid not in arrived}.values())[::-1]
    elsewhere = [
        one
        for one in log
        if known is not None
        and one.succeeded
        and one.guid not in known
        and one.delivered_at <= now - _ON_ITS_WAY
    ]
    newest = log[0]
    fetched = sum(one.guid in (known or ()) for one in lost)
    found = []
    if lost and (fetched < len(lost) or lost[0].guid == newest.guid):
        found.append(_of_failures(lost, fetched, newest, page, now=now))
    if elsewhere:
        found.append(
            fail(
                about,
                f"{deliveries(len(elsewhere))} accepted by someone and not in our ledger, the last "
                f"{lasting(now - elsewhere[0].delivered_at)} ago.",
                "See whether another service answers at the webhook's URL, or ours with another database.",
            )
        )
    if found:
        return found
    age = lasting(now - newest.delivered_at)
    if fetched:
        said = f"{fetched} of them failed at first and {'was' if fetched == 1 else 'were'} fetched since"
        return [ok(about, f"{deliveries(len(log))} reached us, the last {age} ago; {said}.")]
    return [ok(about, f"{deliveries(len(log))} arrived, the last {age} ago.")]


def _of_failures(
    lost: Sequence[LoggedDelivery], fetched: int, newest: LoggedDelivery, page: str, *, now: datetime
) -> Finding:
    last = lost[0]
    since = {0: "", len(lost): ", all fetched since"}.get(fetched, f", {fetched} of them fetched since")
    said = (
        f"{deliveries(len(lost))} failed of late{since}; the last, {last.event_type}, "
        f"{lasting(now - last.delivered_at)} ago: {last.answer or 'no answer'}."
    )
    is_refused = last.status_code == HTTPStatus.UNAUTHORIZED
    if is_refused:
        remedy = (
            "We refuse signatures: enter the first secret of CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS at "
            f"{page}, or add the one that is there."
        )
    elif last.status_code is None:
        remedy = "Nobody answered in time: see that GitHub reaches the webhook's URL, and that the API runs."
    else:
        remedy = "See the API's log of that time, and what stands before it."
    if last.guid != newest.guid:
        return warn("deliveries", f"{said} Newer ones arrived.", "The scheduler fetches what failed.")
    if fetched == len(lost) and not is_refused:
        remedy = f"Nothing was delivered since: push, to see that deliveries arrive again. If not: {remedy}"
        return warn("deliveries", said, remedy)
    return fail("deliveries", said, remedy)
