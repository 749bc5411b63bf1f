from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from core.domain.secret import Secret
from entrypoints.settings.checks import find_problems
from entrypoints.settings.problem import Problem, ValueRefused
from entrypoints.settings.setting import Setting
from entrypoints.settings.sources import Source, read_sources, to_setting_name
from entrypoints.settings.table import SETTINGS
from entrypoints.settings.values import Adapter, Address, Environment


class SettingsRefused(Exception):
    """Settings are missing or wrong. The message contains no secret."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(["Invalid settings:", *(f"{problem}." for problem in problems)]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, read from the environment once. None means not set and without a default."""

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
    migration_database_url: Secret | None
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
    https_proxy: Secret | None
    no_proxy: tuple[str, ...]
    ca_bundle: Path | None
    log_level: str
    adapters: tuple[Adapter, ...]
    payload_days: timedelta | None
    event_days: timedelta | None
    domain_event_days: timedelta | None
    attribution_days: timedelta | None
    workers: int

    @classmethod
    def from_environment(cls, env: Mapping[str, str], *, process: str | None = None) -> Self:
        """Read the settings; a variable that is set to nothing counts as not set.

        What `process` needs must be there, in every environment. Settings that `process` does not use are not
        validated; a wrong value is replaced by the default. Without `process`, production needs what any
        process needs, development needs nothing, and all settings are validated. Raises `SettingsRefused`
        with every problem at once.
        """
        read, problems = _read_all(env, process)
        unused = {
            setting.name
            for setting in SETTINGS
            if process is not None and setting.used_by is not None and process not in setting.used_by
        }
        relevant = tuple(problem for problem in problems if to_setting_name(problem.variable) not in unused)
        if relevant:
            raise SettingsRefused(relevant)
        return cls(**_with_development_defaults(_with_defaults(read, problems)))

    @classmethod
    def readable_part(cls, env: Mapping[str, str]) -> tuple[Self, tuple[Problem, ...]]:
        """Return the settings with the default in place of each wrong value, and what is wrong."""
        read, problems = _read_all(env, None)
        return cls(**_with_development_defaults(_with_defaults(read, problems))), problems

    @property
    def is_development(self) -> bool:
        """Whether demo users, the sandbox and development keys are allowed."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def http_url(self) -> str:
        """The API's own address, as a URL."""
        return f"http://{self.http_addr}"

    @property
    def development_key(self) -> Path:
        """The private key that `make run` creates to sign development tokens. Production does not use it."""
        return self.home / "dev-keys" / "auth_private.pem"


def _read_all(env: Mapping[str, str], process: str | None) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the values by field, without those that cannot be read, and everything that is wrong."""
    sources = read_sources(env)
    read: dict[str, Any] = {}
    problems = list(sources.problems)
    for setting in SETTINGS:
        source = sources.texts.get(setting.name)
        try:
            read[setting.field] = _read(setting, source)
        except ValueError as error:
            remedy = error.remedy if isinstance(error, ValueRefused) else setting.remedy
            variable = source.variable if source else setting.variable
            problems.append(Problem(variable, str(error), remedy))
    return read, (*problems, *find_problems(sources, read, process))


def _with_defaults(read: Mapping[str, Any], problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the values with the default in place of each wrong value."""
    wrong = {to_setting_name(problem.variable) for problem in problems}
    defaults = {
        setting.field: _read(setting, None)
        for setting in SETTINGS
        if setting.name in wrong or setting.field not in read
    }
    return {**read, **defaults}


def _read(setting: Setting, source: Source | None) -> object:
    if source is None:
        return None if setting.default is None else setting.parse(setting.default)
    read = setting.parse_file if source.is_file and setting.parse_file else setting.parse
    return read(source.text)


def _with_development_defaults(read: dict[str, Any]) -> dict[str, Any]:
    if read["environment"] is not Environment.DEVELOPMENT:
        return read
    here = f"http://{read['http_addr']}"
    return {**read, **{name: read[name] or here for name in ("dashboard_url", "public_url")}}
