"""Compare the app at its provider with the settings and with what the service needs."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.domain.provider import App, AppNeeds, rank_level
from entrypoints.doctor.findings import Finding, fail, format_count, note, ok, warn

# The app's claims leave a minute for clocks that differ; https://github.com/octokit/auth-app.js/issues/698.
_CLOCK_WARN = timedelta(seconds=30)
_CLOCK_FAIL = timedelta(seconds=60)
_MOST_NAMED = 5
_CLOCK_OWNERS = {"github": "GitHub", "database": "the database server"}


def check_identity(app: App, *, client_id: str, app_id: str | None, slug: str | None) -> list[Finding]:
    """Report settings that belong to another app than the private key."""
    about = "github app"
    values = {"CLIENT_ID": (client_id, app.client_id), "APP_ID": (app_id, app.id), "APP_SLUG": (slug, app.slug)}
    mismatches = [
        fail(
            about,
            f"CREWKIT_GIT_GITHUB_{name} is {configured}, but the app of the private key has {actual}.",
            "Copy the app id, slug, client id and private key from the page of one app.",
        )
        for name, (configured, actual) in values.items()
        if configured and actual and configured != actual
    ]
    return mismatches or [ok(about, f"GitHub accepts the private key. The app is {app.name}: {app.url}")]


def check_permissions(app: App, needs: AppNeeds) -> list[Finding]:
    """Report permissions that the app lacks, and permissions that it does not need."""
    about, page = "permissions", _page(app, "/permissions")
    wanted = needs.all_permissions
    missing = [f"{name}: {level}" for name, level in wanted.items() if not _has(app, name, level)]
    unneeded = [
        f"{name}: {level}"
        for name, level in sorted(app.permissions.items())
        if rank_level(level) > rank_level(wanted.get(name, ""))
    ]
    findings = []
    if missing:
        findings.append(
            fail(
                about,
                f"The app lacks {', '.join(missing)}.",
                "After you add them, an owner of each account that installed the app must accept them on "
                f"GitHub. Add them at {page}",
            )
        )
    if unneeded:
        findings.append(
            warn(about, f"The app has permissions it does not need: {', '.join(unneeded)}.", f"Remove them at {page}")
        )
    granted = ", ".join(f"{name}: {level}" for name, level in wanted.items())
    return findings or [ok(about, f"The app has exactly the permissions it needs: {granted}.")]


def check_events(app: App, needs: AppNeeds) -> list[Finding]:
    """Report missing and unneeded event subscriptions. GitHub sends installation events to every app."""
    about, page = "events", _page(app, "/permissions")
    missing, unneeded = sorted(needs.events - app.events), sorted(app.events - needs.events)
    findings = []
    if missing:
        findings.append(fail(about, f"The app is not subscribed to {', '.join(missing)}.", f"Subscribe at {page}"))
    if unneeded:
        findings.append(
            warn(
                about,
                f"The app subscribes to events that this service does not use: {', '.join(unneeded)}.",
                f"Unsubscribe at {page}",
            )
        )
    return findings or [ok(about, f"The app subscribes to the events it needs: {', '.join(sorted(needs.events))}.")]


def check_installations(
    granted: Sequence[tuple[str, Mapping[str, str]]], requested: Mapping[str, str]
) -> list[Finding]:
    """Report accounts whose owners have not accepted all permissions that the app requests."""
    about = "installations"
    behind = {
        name: [item for item, level in requested.items() if rank_level(permissions.get(item, "")) < rank_level(level)]
        for name, permissions in granted
    }
    lacking = {name: missing for name, missing in behind.items() if missing}
    if not lacking:
        integrations = format_count(len(granted), "integration")
        return [ok(about, f"{integrations}. All permissions are accepted.")]
    named = [f"{name} ({', '.join(missing)})" for name, missing in list(lacking.items())[:_MOST_NAMED]]
    more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
    return [
        warn(
            about,
            f"For {len(lacking)} of {format_count(len(granted), 'integration')}, not all permissions are "
            f"accepted: {', '.join(named)}{more}.",
            "An owner of each account can accept the permissions on the installation's page at GitHub. Until "
            "then, features that need these permissions do not work for that account.",
        )
    ]


def check_clock(system: str, offset: timedelta | None) -> Finding:
    """Compare the clock of `github` or the `database` with this machine's.

    `offset` is positive if the other clock is ahead; None if it is unknown.
    """
    about, owner = f"{system} clock", _CLOCK_OWNERS[system]
    if offset is None:
        return note(about, f"Not checked, because {owner} did not send its time.")
    seconds = round(offset.total_seconds())
    if abs(offset) < _CLOCK_WARN:
        return ok(about, f"This machine's clock differs from {owner}'s clock by {abs(seconds)} s, which is fine.")
    side = "behind" if seconds > 0 else "ahead of"
    message = f"This machine's clock is {abs(seconds)} s {side} {owner}'s clock."
    machines = "this machine's clock"
    if system == "database":
        machines += " and the database server's clock"
    remedy = f"Synchronize {machines} with NTP (`timedatectl set-ntp true`)."
    return (fail if abs(offset) >= _CLOCK_FAIL else warn)(about, message, remedy)


def note_callbacks(callback_urls: tuple[str, str]) -> Finding:
    """Name the callback URLs that the app must have. GitHub's API does not return them."""
    return note(
        "callback urls",
        "GitHub's API does not return callback URLs. Check that the app's page has these two, in this order: "
        f"{callback_urls[0]} and {callback_urls[1]}",
    )


def _has(app: App, name: str, level: str) -> bool:
    return rank_level(app.permissions.get(name, "")) >= rank_level(level)


def _page(app: App, path: str) -> str:
    return f"{app.settings_url}{path}" if app.settings_url else "the app's page"
