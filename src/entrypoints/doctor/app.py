"""The app as its provider knows it, against the settings and against what we need."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.domain.provider import App, AppNeeds, rank_of
from entrypoints.doctor.findings import Finding, fail, note, ok, warn

# The app's claims leave a minute for clocks that differ; https://github.com/octokit/auth-app.js/issues/698.
_CLOCK_WARN = timedelta(seconds=30)
_CLOCK_FAIL = timedelta(seconds=60)
_MOST_NAMED = 5


def judge_identity(app: App, *, client_id: str, app_id: str | None, slug: str | None) -> list[Finding]:
    """Judge whether the settings speak of the app whose key we have."""
    about = "github app"
    told = {"CLIENT_ID": (client_id, app.client_id), "APP_ID": (app_id, app.id), "APP_SLUG": (slug, app.slug)}
    wrong = [
        fail(
            about,
            f"CREWKIT_GIT_GITHUB_{name} is {ours}, but the key is that of {theirs}.",
            "Take id, slug, client id and key from the same app's page.",
        )
        for name, (ours, theirs) in told.items()
        if ours and theirs and ours != theirs
    ]
    return wrong or [ok(about, f"{app.name} answers to our key: {app.url}")]


def judge_permissions(app: App, needs: AppNeeds) -> list[Finding]:
    """Judge what the app may do: not less than we need, and not more."""
    about, page = "permissions", _page(app, "/permissions")
    wanted = needs.all_permissions
    missing = [f"{name}: {level}" for name, level in wanted.items() if not _has(app, name, level)]
    more = [
        f"{name}: {level}"
        for name, level in sorted(app.permissions.items())
        if rank_of(level) > rank_of(wanted.get(name, ""))
    ]
    found = []
    if missing:
        found.append(
            fail(
                about,
                f"The app lacks {', '.join(missing)}.",
                f"Grant it at {page}; owners then accept it for each installation.",
            )
        )
    if more:
        found.append(
            warn(about, f"The app may more than we need: {', '.join(more)}.", f"Take it back at {page}")
        )
    return found or [ok(about, f"As needed: {', '.join(f'{name}: {one}' for name, one in wanted.items())}.")]


def judge_events(app: App, needs: AppNeeds) -> list[Finding]:
    """Judge what the app is told of. Installations are told to every app."""
    about, page = "events", _page(app, "/permissions")
    missing, more = sorted(needs.events - app.events), sorted(app.events - needs.events)
    found = []
    if missing:
        found.append(
            fail(about, f"The app is not subscribed to {', '.join(missing)}.", f"Subscribe at {page}")
        )
    if more:
        found.append(
            warn(
                about,
                f"The app is told of what nobody here acts on: {', '.join(more)}.",
                f"Unsubscribe at {page}",
            )
        )
    return found or [ok(about, f"As needed: {', '.join(sorted(needs.events))}.")]


def judge_installations(
    granted: Sequence[tuple[str, Mapping[str, str]]], asked: Mapping[str, str]
) -> list[Finding]:
    """Judge whether owners accepted what the app asks of their accounts: each does so for their own."""
    about = "installations"
    behind = {
        name: [one for one, level in asked.items() if rank_of(permissions.get(one, "")) < rank_of(level)]
        for name, permissions in granted
    }
    lacking = {name: missing for name, missing in behind.items() if missing}
    if not lacking:
        return [ok(about, f"{len(granted)} connected, none behind on permissions.")]
    named = [f"{name} ({', '.join(missing)})" for name, missing in list(lacking.items())[:_MOST_NAMED]]
    rest = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
    return [
        warn(
            about,
            f"{len(lacking)} of {len(granted)} connected accounts do not grant all: "
            f"{', '.join(named)}{rest}.",
            "Their owners find the request on their installation's page at GitHub; until then what needs it "
            "is off there.",
        )
    ]


def judge_clock(whose: str, offset: timedelta | None) -> Finding:
    """Judge how far another clock is ahead of ours."""
    about = f"{whose} clock"
    if offset is None:
        return note(about, "It does not tell its time.")
    seconds = round(offset.total_seconds())
    if abs(offset) < _CLOCK_WARN:
        return ok(
            about, "It agrees with ours to " + (f"{abs(seconds)} s." if abs(seconds) > 1 else "a second.")
        )
    said = f"Ours is {abs(seconds)} s {'behind' if seconds > 0 else 'ahead of'} it."
    remedy = "Let this machine set its clock by NTP (`timedatectl set-ntp true`)."
    return (fail if abs(offset) >= _CLOCK_FAIL else warn)(about, said, remedy)


def note_callbacks(callback_urls: tuple[str, str]) -> Finding:
    """Tell what nobody can ask for: the provider's API shows callback URLs to no one."""
    return note(
        "callback urls",
        f"The app must have these, in this order: {callback_urls[0]} and {callback_urls[1]}",
    )


def _has(app: App, name: str, level: str) -> bool:
    return rank_of(app.permissions.get(name, "")) >= rank_of(level)


def _page(app: App, path: str) -> str:
    return f"{app.settings_url}{path}" if app.settings_url else "the app's page"
