"""What a running `up` publishes about itself, for commands that drive it."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from entrypoints.settings.sources import is_given, setting_name
from entrypoints.settings.table import PREFIX, SETTINGS


class DemoUser(msgspec.Struct):
    """One of the people a running `up` made."""

    id: UUID
    email: str


class RunningDemo(msgspec.Struct):
    """Where it is and what opens it."""

    http_url: str = ""
    database_url: str = ""
    redis_url: str = ""
    webhook_secret: str = ""
    sandbox_url: str | None = None
    users: dict[str, DemoUser] = {}


def running_demo(home: Path) -> RunningDemo | None:
    """Return what `up` published; None if it is not running, or if its file cannot be read."""
    try:
        return _read(home)
    except (OSError, msgspec.DecodeError):
        return None


def explain_missing_demo(environment: Mapping[str, str]) -> str | None:
    """Return which file of a running `up` could not be used, and why; None if it can be used."""
    file = _file(_home(environment)).absolute()
    try:
        _read(file.parent)
    except FileNotFoundError:
        return f"{file} does not exist"
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    except msgspec.DecodeError:
        return f"{file} is not the file that `up` writes"
    return None


def demo_users(home: Path) -> dict[str, DemoUser]:
    """Return the demo's people by role; none while it does not run."""
    demo = running_demo(home)
    return demo.users if demo else {}


def with_running_demo(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a command's environment: the `up` running on this machine is meant, unless others are named."""
    home = _home(environment)
    demo = running_demo(home)
    if demo is None:
        return dict(environment)
    published = {
        **(_app_of_sandbox(home, demo.sandbox_url) if demo.sandbox_url else {}),
        f"{PREFIX}ENVIRONMENT": "development",
        **({f"{PREFIX}HTTP_ADDR": urlsplit(demo.http_url).netloc} if demo.http_url else {}),
        f"{PREFIX}DATABASE_URL": demo.database_url,
        f"{PREFIX}REDIS_URL": demo.redis_url,
        f"{PREFIX}GITHUB_WEBHOOK_SECRETS": demo.webhook_secret,
    }
    return {
        **{name: text for name, text in published.items() if not is_given(environment, setting_name(name))},
        **{name: text for name, text in environment.items() if text},
    }


def _home(environment: Mapping[str, str]) -> Path:
    default = next(setting.default or "" for setting in SETTINGS if setting.name == "HOME")
    return Path(environment.get(f"{PREFIX}HOME", "").strip() or default)


def _file(home: Path) -> Path:
    return home / "demo.json"


def _read(home: Path) -> RunningDemo:
    return msgspec.json.decode(_file(home).read_bytes(), type=RunningDemo)


def _app_of_sandbox(home: Path, sandbox_url: str) -> dict[str, str]:
    # Few commands speak with the sandbox, and reading its App carries cryptography.
    from entrypoints.local.sandbox_app import app_environment, load_app, sandbox_directory  # noqa: PLC0415

    return app_environment(load_app(sandbox_directory(home)), sandbox_url=sandbox_url)
