"""Checks across settings: what is missing, contradicts another setting or does not fit production."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from core.domain.secret import Secret
from entrypoints.process.outgoing import is_loopback
from entrypoints.settings.keys import is_key_of_certificate
from entrypoints.settings.problem import Problem
from entrypoints.settings.setting import AUTHENTICATING, EVERY_PROCESS, PREFIX
from entrypoints.settings.sources import FILE_SUFFIX, Sources
from entrypoints.settings.table import SETTINGS
from entrypoints.settings.values import Environment

_DEVELOPMENT_KEYS = {
    "AUTH_PUBLIC_KEY": "auth_public.pem",
    "ENCRYPTION_KEYS": "encryption_keys",
    "GITHUB_WEBHOOK_SECRETS": "webhook_secret",
}
# These addresses carry sessions, authorization codes, tokens, alerts and the keys that verify tokens.
# OTLP_URL is not among them: traces contain no secrets, and collectors inside a cluster often have no TLS.
_ENCRYPTED = (
    "DASHBOARD_URL",
    "SIGN_IN_URL",
    "PUBLIC_URL",
    "GITHUB_URL",
    "GITHUB_API_URL",
    "AUTH_JWKS_URL",
    "ALLOWED_ORIGINS",
    "SENTRY_DSN",
)


def find_problems(sources: Sources, read: Mapping[str, Any], process: str | None) -> list[Problem]:
    """Return the problems that show only across settings, for one process or for all. `read` is by field."""
    problems = [
        *_find_missing(sources, read, _processes(process, read)),
        *_check_token_key_sources(sources, _processes(process, read)),
        *_find_incomplete_tls(sources, read),
    ]
    # Anything but development is checked as production: a misspelt environment must not be less strict.
    if read.get("environment") is not Environment.DEVELOPMENT:
        problems += [
            *_find_sandbox_settings(sources),
            *_find_unencrypted(sources, read),
            *_find_development_keys(sources, read),
        ]
    return problems


def find_unknown_variables(env: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return the variables that look like settings but are not: a misspelt name has no effect."""
    setting_names = {setting.name for setting in SETTINGS}
    names = [name.removeprefix(PREFIX) for name, text in env.items() if name.startswith(PREFIX) and text.strip()]
    return tuple(
        Problem(f"{PREFIX}{name}", "this setting does not exist", _suggest_name(name, setting_names))
        for name in sorted(names)
        # The test suite has its own variables.
        if name.removesuffix(FILE_SUFFIX) not in setting_names and not name.startswith("TEST_")
    )


def _suggest_name(name: str, setting_names: Collection[str]) -> str:
    for near in get_close_matches(name, setting_names, n=1):
        return f"Rename it to {PREFIX}{near}, or remove it"
    return "Remove it. docs/reference/settings.md lists all settings"


def _processes(process: str | None, read: Mapping[str, Any]) -> frozenset[str]:
    if process is not None:
        return frozenset({process})
    return frozenset() if read.get("environment") is Environment.DEVELOPMENT else EVERY_PROCESS


def _find_missing(sources: Sources, read: Mapping[str, Any], processes: frozenset[str]) -> Iterator[Problem]:
    is_development = read.get("environment") is Environment.DEVELOPMENT
    for setting in SETTINGS:
        is_needed = setting.needed_by & processes and not (is_development and setting.assumed_in_development)
        if is_needed and not sources.has(setting.name):
            yield Problem(setting.variable, "not set, but required", setting.remedy)


def _check_token_key_sources(sources: Sources, processes: frozenset[str]) -> Iterator[Problem]:
    names = ("AUTH_PUBLIC_KEY", "AUTH_JWKS_URL")
    configured = [name for name in names if sources.has(name)]
    first, second = (f"{PREFIX}{name}" for name in names)
    if processes & AUTHENTICATING and not configured:
        yield Problem(first, f"neither {first} nor {second} is set", "Set one of them")
    if len(configured) > 1:
        yield Problem(first, f"{second} is set as well", "Remove one of them")


def _find_incomplete_tls(sources: Sources, read: Mapping[str, Any]) -> Iterator[Problem]:
    """Find an incomplete TLS configuration of gRPC: the operator intends to serve encrypted then."""
    names = ("GRPC_TLS_CERTIFICATE", "GRPC_TLS_KEY")
    certificate, key = (read.get(name.lower()) for name in names)
    if certificate and key and not is_key_of_certificate(key, certificate):
        remedy = f"Set it to the private key of the first certificate in {PREFIX}{names[0]}"
        yield Problem(f"{PREFIX}GRPC_TLS_KEY", f"this key does not belong to {PREFIX}{names[0]}", remedy)
    configured = [name for name in (*names, "GRPC_CLIENT_AUTHORITIES") if sources.has(name)]
    for name in names:
        if configured and name not in configured:
            problem = f"not set, but {PREFIX}{configured[0]} is set"
            remedy = f"Set both {PREFIX}{names[0]} and {PREFIX}{names[1]}, to PEM text or to the paths of files"
            yield Problem(f"{PREFIX}{name}", problem, remedy)


def _find_sandbox_settings(sources: Sources) -> Iterator[Problem]:
    if sources.has("SANDBOX_ADDR"):
        yield Problem(
            f"{PREFIX}SANDBOX_ADDR",
            "the sandbox is not available in production",
            f"Remove it, or set {PREFIX}ENVIRONMENT=development",
        )


def _find_unencrypted(sources: Sources, read: Mapping[str, Any]) -> Iterator[Problem]:
    """Find unencrypted addresses of other machines: an attacker in between could change the traffic."""
    for name in _ENCRYPTED:
        for url in _urls(read.get(name.lower())):
            parts = urlsplit(url)
            if parts.scheme == "http" and not is_loopback(parts.hostname):
                variable = sources.texts[name].variable if name in sources.texts else f"{PREFIX}{name}"
                yield Problem(
                    variable,
                    f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} is not encrypted",
                    "Use https://. http:// is only allowed for this machine (localhost, 127.0.0.1, ::1)",
                )


def _urls(value: str | Secret | Sequence[str] | None) -> Sequence[str]:
    match value:
        case None:
            return ()
        case Secret():
            return (value.reveal(),)
        case str():
            return (value,)
        case _:
            return value


def _find_development_keys(sources: Sources, read: Mapping[str, Any]) -> Iterator[Problem]:
    """Find keys that `make run` created for development: anyone with access to them could sign in as any user."""
    home = read.get("home")
    for name, file in _DEVELOPMENT_KEYS.items():
        source = sources.texts.get(name)
        if source is None or home is None:
            continue
        key_file = home / "dev-keys" / file
        text = read.get("auth_public_key") if name == "AUTH_PUBLIC_KEY" else source.text
        if text and key_file.is_file() and key_file.read_text().strip() == text.strip():
            yield Problem(
                source.variable,
                "this is the development key that `make run` created",
                "Create a new key for production (docs/keys.md)",
            )
