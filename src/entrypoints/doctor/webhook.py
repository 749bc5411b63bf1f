"""The app's webhook, and the results of its newest deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.provider import WebhookConfig
from entrypoints.doctor.findings import Finding, fail, format_deliveries, format_duration, note, ok, warn

# A younger delivery may not be stored yet.
_ON_ITS_WAY = timedelta(minutes=1)
_GREETING = "ping"


def check_webhook(config: WebhookConfig, expected: str, page: str, *, is_development: bool) -> list[Finding]:
    """Report whether the webhook points to this service. GitHub's API does not say whether it is active."""
    about = "webhook"
    if not config.url:
        return [
            fail(about, "The app has no webhook URL.", f"Set the URL to {expected} and activate the webhook at {page}")
        ]
    findings = []
    if config.url != expected:
        report = warn if is_development else fail
        remedy = (
            f"This is fine if the URL is your tunnel to {expected}. Otherwise change the URL at {page}"
            if is_development
            else f"Change the URL at {page} or correct CREWKIT_GIT_PUBLIC_URL."
        )
        findings.append(report(about, f"The webhook URL is {config.url}, but should be {expected}.", remedy))
    if config.content_type not in ("json", "form"):
        findings.append(
            fail(
                about,
                f"The webhook's content type is {config.content_type}, which is not supported.",
                f"Set the content type to application/json at {page}",
            )
        )
    if not config.verifies_certificate:
        findings.append(
            fail(
                about,
                "SSL verification is off: GitHub does not verify this service's certificate.",
                f"Enable SSL verification at {page}",
            )
        )
    return findings or [ok(about, f"The webhook URL is {config.url}, the content type is {config.content_type}.")]


def check_deliveries(
    log: Sequence[LoggedDelivery], stored: Collection[str] | None, page: str, *, now: datetime
) -> list[Finding]:
    """Report failed and missing deliveries among the newest, which are given newest first.

    `stored` are the ids of those that this service stored; None if the database could not be read.
    """
    about = "deliveries"
    # GitHub sends a ping when the webhook is created, which is before the service knows its secret.
    log = [delivery for delivery in log if delivery.succeeded or delivery.event_type != _GREETING]
    if not log:
        return [
            note(
                about,
                "GitHub's delivery log, which goes back three days, has no delivery to check. If you "
                f"expected deliveries, check that the webhook is active at {page} and push to a repository.",
            )
        ]
    arrived = {delivery.guid for delivery in log if delivery.succeeded}
    lost = list({delivery.guid: delivery for delivery in reversed(log) if delivery.guid not in arrived}.values())[::-1]
    elsewhere = [
        delivery
        for delivery in log
        if stored is not None
        and delivery.succeeded
        and delivery.guid not in stored
        and delivery.delivered_at <= now - _ON_ITS_WAY
    ]
    newest = log[0]
    fetched = sum(delivery.guid in (stored or ()) for delivery in lost)
    findings = []
    if lost and (fetched < len(lost) or lost[0].guid == newest.guid):
        findings.append(_report_failures(lost, fetched, newest, page, now=now))
    if elsewhere:
        findings.append(
            fail(
                about,
                f"GitHub got a success response for {format_deliveries(len(elsewhere))}, but this database does "
                f"not have them. The last was sent {format_duration(now - elsewhere[0].delivered_at)} ago.",
                "Check whether another service receives requests at the webhook URL, whether the API uses "
                "another database than this command, or whether an older backup was restored.",
            )
        )
    if findings:
        return findings
    age = format_duration(now - newest.delivered_at)
    if fetched:
        recovered = f"{fetched} of them failed at first and {'was' if fetched == 1 else 'were'} recovered"
        return [ok(about, f"{format_deliveries(len(log))} received, the last {age} ago. {recovered}.")]
    return [ok(about, f"{format_deliveries(len(log))} received, the last {age} ago.")]


def _report_failures(
    lost: Sequence[LoggedDelivery], fetched: int, newest: LoggedDelivery, page: str, *, now: datetime
) -> Finding:
    last = lost[0]
    since = {0: "", len(lost): " (all recovered)"}.get(fetched, f" ({fetched} recovered)")
    message = (
        f"GitHub could not deliver {format_deliveries(len(lost))} recently{since}. The last was {last.event_type}, "
        f"{format_duration(now - last.delivered_at)} ago. GitHub reports this response: {last.answer or 'none'}."
    )
    is_refused = last.status_code == HTTPStatus.UNAUTHORIZED
    if is_refused:
        remedy = (
            "GitHub does not sign with a secret that this service accepts. Enter the first value of "
            f"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS as the webhook secret at {page}, or add the secret that was "
            "entered there to the setting and restart the API processes. If the API's log has no "
            "`delivery_refused` for that time, the response is from a proxy in front of the API."
        )
    elif last.status_code is None:
        remedy = "Check that the API is running and that GitHub can reach the webhook URL."
    else:
        remedy = "Search the log of the API, and of a proxy or load balancer in front of the API, for that time."
    if last.guid != newest.guid:
        return warn(
            "deliveries",
            f"{message} Newer deliveries arrived.",
            "If the scheduler runs, there is nothing to do: it fetches the missing deliveries.",
        )
    if fetched == len(lost) and not is_refused:
        remedy = (
            "GitHub has not sent any delivery since then. Push to a repository to check that deliveries "
            f"arrive again. If not: {remedy}"
        )
        return warn("deliveries", message, remedy)
    return fail("deliveries", message, remedy)
