"""What a running `python -m local` publishes about itself: commands use its settings, and sign-in its users."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from entrypoints.settings.setting import DEFAULT_HOME, PREFIX
from entrypoints.settings.sources import is_given, to_setting_name


class DemoUser(msgspec.Struct):
    """A user of the demo organization."""

    id: UUID
    email: str


class RunningDemo(msgspec.Struct):
    """The part of `demo.json` that this service reads. The file has more, for people and scripts."""

    http_url: str = ""
    users: dict[str, DemoUser] = {}
    """By role."""
    environment: dict[str, str] = {}
    """The settings with which commands reach the same database, Redis and GitHub."""


def demo_file(home: Path) -> Path:
    """Return the path at which the demo is published while it runs."""
    return home / "demo.json"


def find_running_demo(home: Path) -> RunningDemo | None:
    """Return the running demo; None if it is not running, or if its file cannot be read."""
    try:
        return _read(home)
    except (OSError, msgspec.DecodeError):
        return None


def demo_users(home: Path) -> dict[str, DemoUser]:
    """Return the users by role; none if the demo is not running."""
    demo = find_running_demo(home)
    return demo.users if demo else {}


def explain_missing_demo(environment: Mapping[str, str]) -> str | None:
    """Return why the file of a running demo cannot be used; None if it can be used."""
    file = demo_file(_home(environment)).absolute()
    try:
        _read(file.parent)
    except FileNotFoundError:
        return f"{file} does not exist"
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    except msgspec.DecodeError:
        return f"{file} was not written by `make run`"
    return None


def with_running_demo(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command, completed by the settings of a demo that runs on this machine."""
    demo = find_running_demo(_home(environment))
    if demo is None:
        return dict(environment)
    published = {
        name: text for name, text in demo.environment.items() if not is_given(environment, to_setting_name(name))
    }
    if is_given(environment, "AUTH_JWKS_URL"):  # only one source of keys is allowed
        published.pop(f"{PREFIX}AUTH_PUBLIC_KEY", None)
    return {**published, **{name: text for name, text in environment.items() if text}}


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get(f"{PREFIX}HOME", "").strip() or DEFAULT_HOME)


def _read(home: Path) -> RunningDemo:
    return msgspec.json.decode(demo_file(home).read_bytes(), type=RunningDemo)
