from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from core.domain.secret import Secret
from entrypoints.setting_table import AUTHENTICATING, EVERY_PROCESS, PREFIX, SETTINGS
from entrypoints.setting_values import Adapter, Address, Environment

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_DEVELOPMENT_KEYS = {
    "AUTH_PUBLIC_KEY": "auth_public.pem",
    "ENCRYPTION_KEYS": "encryption_keys",
    "GITHUB_WEBHOOK_SECRETS": "webhook_secret",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the environment, and what to do about it."""

    variable: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.problem}. {self.remedy}"


class SettingsRefused(Exception):
    """The environment does not describe a service that can run. Its message shows no secret."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(["The settings are incomplete or wrong:", *map(str, problems)]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment says, read once. None is what was not set and has no default."""

    environment: Environment
    home: Path
    http_addr: Address
    http_max_connections: int
    http_keep_alive_seconds: int
    grpc_addr: Address
    metrics_addr: Address | None
    grpc_tls_certificate: str | None
    grpc_tls_key: Secret | None
    grpc_client_authorities: str | None
    sandbox_addr: Address
    database_url: Secret | None
    redis_url: Secret | None
    dashboard_url: str | None
    sign_in_url: str | None
    public_url: str | None
    github_client_id: str | None
    github_client_secret: Secret | None
    github_private_key: Secret | None
    github_app_id: str | None
    github_app_slug: str | None
    github_url: str
    github_api_url: str
    github_noreply_hosts: tuple[str, ...]
    github_webhook_secrets: tuple[Secret, ...]
    encryption_keys: tuple[tuple[str, Secret], ...]
    auth_public_key: str | None
    auth_jwks_url: str | None
    auth_issuer: str | None
    auth_audience: str | None
    session_cookie: str
    allowed_origins: tuple[str, ...]
    sentry_dsn: Secret | None
    otlp_url: str | None
    log_level: str
    adapters: tuple[Adapter, ...]
    payload_days: timedelta | None
    event_days: timedelta | None
    domain_event_days: timedelta | None
    workers: int

    @classmethod
    def from_environment(cls, env: Mapping[str, str], *, process: str | None = None) -> Self:
        """Read the settings; a variable that is set to nothing counts as not set.

        What `process` needs must be there, in every environment. Without one, production needs what any
        process needs and development nothing. Raises `SettingsRefused` with every problem at once.
        """
        read: dict[str, Any] = {}
        problems: list[Problem] = []
        for setting in SETTINGS:
            text = env.get(setting.variable, "").strip() or setting.default
            try:
                read[setting.field] = None if text is None else setting.read(text)
            except ValueError as error:
                problems.append(Problem(setting.variable, str(error), setting.remedy))
        problems += _missing(env, _needs(process, read), read)
        problems += _misplaced(env, read)
        problems += _of_development(env, read)
        if problems:
            raise SettingsRefused(tuple(problems))
        return cls(**_with_development_defaults(read))

    @property
    def is_development(self) -> bool:
        """Tell whether demo users, sandbox and development keys may exist."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def http_url(self) -> str:
        """The API's own address, as a URL."""
        return f"http://{self.http_addr}"

    @property
    def development_key(self) -> Path:
        """The private key that `up` makes to sign development tokens; never in production."""
        return self.home / "dev-keys" / "auth_private.pem"


def unknown(env: Mapping[str, str]) -> tuple[Problem, ...]:
    """Find variables that look like settings and are none: misspelt, a default would be taken in silence."""
    known = {setting.name for setting in SETTINGS}
    named = [
        name.removeprefix(PREFIX) for name, text in env.items() if name.startswith(PREFIX) and text.strip()
    ]
    return tuple(
        Problem(f"{PREFIX}{name}", "it is no setting", _nearest(name, known))
        for name in sorted(named)
        # Those of the suite are its own.
        if name not in known and not name.startswith("TEST_")
    )


def _nearest(name: str, known: Collection[str]) -> str:
    for near in get_close_matches(name, known, n=1):
        return f"Rename it to {PREFIX}{near}, or remove it"
    return "Remove it; the README lists all settings"


def _needs(process: str | None, read: Mapping[str, Any]) -> frozenset[str]:
    if process is not None:
        return frozenset({process})
    # Not readable counts as production: a misspelt environment never makes the service less strict.
    return frozenset() if read.get("environment") is Environment.DEVELOPMENT else EVERY_PROCESS


def _missing(env: Mapping[str, str], processes: frozenset[str], read: Mapping[str, Any]) -> list[Problem]:
    assumes = read.get("environment") is Environment.DEVELOPMENT
    missing = [
        Problem(setting.variable, "it is not set", setting.remedy)
        for setting in SETTINGS
        if setting.needed_by & processes
        and not (assumes and setting.assumed_in_development)
        and not env.get(setting.variable, "").strip()
    ]
    keys = [f"{PREFIX}{name}" for name in ("AUTH_PUBLIC_KEY", "AUTH_JWKS_URL")]
    given = [name for name in keys if env.get(name, "").strip()]
    if processes & AUTHENTICATING and not given:
        missing.append(Problem(keys[0], f"neither it nor {keys[1]} is set", "Set one of them"))
    if len(given) > 1:
        missing.append(Problem(keys[0], f"{keys[1]} is set too", "Set one of them, so that one decides"))
    return [*missing, *_half_of_tls(read)]


def _half_of_tls(read: Mapping[str, Any]) -> list[Problem]:
    """Find what is given of encryption without the rest of it: nobody means to listen in the clear then."""
    names = ("GRPC_TLS_CERTIFICATE", "GRPC_TLS_KEY")
    given = [name for name in names if read.get(name.lower())]
    wants = given or (read.get("grpc_client_authorities") and ["GRPC_CLIENT_AUTHORITIES"])
    if not wants or len(given) == len(names):
        return []
    return [
        Problem(f"{PREFIX}{name}", f"{PREFIX}{wants[0]} is set without it", "Give both, PEM or files' paths")
        for name in names
        if name not in given
    ]


def _misplaced(env: Mapping[str, str], read: Mapping[str, Any]) -> list[Problem]:
    """Find what may not be said in production: each would let someone in, or is there by mistake."""
    if read.get("environment") is Environment.DEVELOPMENT:
        return []
    found = []
    if env.get(f"{PREFIX}SANDBOX_ADDR", "").strip():
        found.append(
            Problem(
                f"{PREFIX}SANDBOX_ADDR",
                "there is no sandbox in production",
                f"Remove it, or set {PREFIX}ENVIRONMENT=development",
            )
        )
    # Who can answer for the key server can sign in as anyone; to the public address come codes and sessions.
    for name in ("AUTH_JWKS_URL", "PUBLIC_URL"):
        parts = urlsplit(read.get(name.lower()) or "")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            found.append(Problem(f"{PREFIX}{name}", "it is not encrypted", "Give an https URL"))
    return found


def _of_development(env: Mapping[str, str], read: Mapping[str, Any]) -> list[Problem]:
    """Find keys that `up` made for development: whoever has that directory could sign in as anyone."""
    if read.get("environment") is Environment.DEVELOPMENT:
        return []
    found = []
    for name, file in _DEVELOPMENT_KEYS.items():
        made = read["home"] / "dev-keys" / file
        given = read.get("auth_public_key") if name == "AUTH_PUBLIC_KEY" else env.get(f"{PREFIX}{name}")
        if given and made.is_file() and made.read_text().strip() == given.strip():
            problem = "it is the key that `up` made for development"
            found.append(Problem(f"{PREFIX}{name}", problem, "Give production a key of its own"))
    return found


def _with_development_defaults(read: dict[str, Any]) -> dict[str, Any]:
    if read["environment"] is not Environment.DEVELOPMENT:
        return read
    here = f"http://{read['http_addr']}"
    return {**read, **{name: read[name] or here for name in ("dashboard_url", "public_url")}}
