"""The environment is read once, whole, and either describes a service that can run or is refused."""

from dataclasses import fields
from pathlib import Path

import pytest

from entrypoints.settings.checks import find_unknown_variables
from entrypoints.settings.setting import PROCESSES
from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import SETTINGS
from entrypoints.settings.urls import origin_of
from entrypoints.settings.values import Address, Environment
from tests.support.builders import tokens
from tests.support.builders.settings import DEVELOPMENT, KEY, NEWER, OLDER, PEM, PRIVATE_PEM, PRODUCTION, problems_of
from tests.support.fakes.certificate_authority import Authority

CERTIFICATE = Authority().certificate.decode()


def test_table_equals_the_fields() -> None:
    """A setting without a field, or a field without a setting, would fail at the first start."""
    assert [setting.field for setting in SETTINGS] == [field.name for field in fields(Settings)]


def test_reads_all_settings_of_production() -> None:
    """Lists keep their order, newest first; missing settings have their defaults."""
    settings = Settings.from_environment(PRODUCTION)

    assert settings.environment is Environment.PRODUCTION
    assert settings.http_addr == Address("127.0.0.1", 3050)
    assert [secret.reveal() for secret in settings.github_webhook_secrets] == [NEWER, OLDER]
    assert [key_id for key_id, _ in settings.encryption_keys] == ["k2", "k1"]
    assert settings.auth_public_key == PEM
    assert settings.session_cookie == "crewkit_session"
    assert settings.dashboard_url == "https://app.crewkit.example"
    assert settings.public_url == "https://api.crewkit.example"
    assert settings.github_api_url == "https://api.github.com"
    assert settings.github_private_key is not None
    assert settings.github_private_key.reveal() == PRIVATE_PEM


def test_development_needs_no_settings() -> None:
    """`up` and `token` read the settings before there is a database."""
    settings = Settings.from_environment(DEVELOPMENT)

    assert settings.is_development
    assert settings.database_url is None
    assert settings.dashboard_url == settings.public_url == "http://127.0.0.1:3050"
    assert settings.development_key == Path(".crewkit-git/dev-keys/auth_private.pem")


def test_production_is_the_default_and_rejects_an_empty_environment() -> None:
    """The error lists all missing settings at once."""
    assert problems_of({}) == {
        "DATABASE_URL": "not set, but required",
        "REDIS_URL": "not set, but required",
        "DASHBOARD_URL": "not set, but required",
        "PUBLIC_URL": "not set, but required",
        "GITHUB_CLIENT_ID": "not set, but required",
        "GITHUB_CLIENT_SECRET": "not set, but required",
        "GITHUB_PRIVATE_KEY": "not set, but required",
        "GITHUB_WEBHOOK_SECRETS": "not set, but required",
        "ENCRYPTION_KEYS": "not set, but required",
        "AUTH_ISSUER": "not set, but required",
        "AUTH_AUDIENCE": "not set, but required",
        "AUTH_PUBLIC_KEY": "neither CREWKIT_GIT_AUTH_PUBLIC_KEY nor CREWKIT_GIT_AUTH_JWKS_URL is set",
    }


@pytest.mark.parametrize("environment", [{}, DEVELOPMENT])
def test_process_needs_only_the_settings_it_uses(environment: dict[str, str]) -> None:
    """A migration job needs no webhook secret, in any environment."""
    assert set(problems_of(environment, "migrate")) == {"DATABASE_URL"}
    assert set(problems_of(environment, "worker")) == {"DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS"}
    assert len(problems_of(environment, "api")) == (10 if environment else 12)


def test_settings_are_required_by_existing_processes() -> None:
    """A misspelt process would never require them."""
    assert {process for setting in SETTINGS for process in setting.needed_by} <= set(PROCESSES)


def test_blank_counts_as_missing() -> None:
    """Deployments often write `NAME=` for a missing value."""
    assert "DATABASE_URL" in problems_of({**PRODUCTION, "CREWKIT_GIT_DATABASE_URL": "  "})
    assert Settings.from_environment({**PRODUCTION, "CREWKIT_GIT_LOG_LEVEL": ""}).log_level == "INFO"


BAD_VALUES = {
    "ENVIRONMENT": ["staging", "Production"],
    "HTTP_ADDR": ["3050", "localhost", "localhost:", ":3050", "localhost:http", "localhost:65536", "::1:3050"],
    "DATABASE_URL": [
        "mysql://h/db",
        "h/db",
        "postgresql://h:port/db",
        "postgresql://u:hunter2%zz@h/db",
        "postgresql://h/db?nonsense=1",
    ],
    "REDIS_URL": ["http://h", "h:6379"],
    "DASHBOARD_URL": ["app.example.com", "https://", "ftp://h"],
    "GITHUB_WEBHOOK_SECRETS": [",", " , "],
    "ENCRYPTION_KEYS": [KEY, "k1:short", "k1:AAAA", f"k 1:{KEY}", f"k1:{KEY},k1:{KEY}", ","],
    "AUTH_PUBLIC_KEY": ["/no/such/file.pem", "-----BEGIN CERTIFICATE-----", "AAAA"],
    "AUTH_JWKS_URL": ["issuer.example", "file:///etc/passwd"],
    "SESSION_COOKIE": ["a b", "a;b", "é"],
    "ALLOWED_ORIGINS": [
        "app.example.com",
        "https://a.example/path",
        "https://a.example:443",
        "null",
        "*",
        "https://*.a.example",
    ],
    "SENTRY_DSN": ["sentry"],
    "LOG_LEVEL": ["loud"],
    "WORKERS": ["0", "65", "two", "-1", "1.5"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, bad in BAD_VALUES.items() for value in bad])
def test_rejects_invalid_values(name: str, value: str) -> None:
    """With the reason and the remedy."""
    assert name in problems_of({**DEVELOPMENT, f"CREWKIT_GIT_{name}": value})


@pytest.mark.parametrize("process", ["api", "migrate", "events", "keys", "recover-deliveries", "replay"])
def test_command_ignores_settings_that_it_does_not_use(process: str) -> None:
    env = {
        **PRODUCTION,
        "CREWKIT_GIT_SANDBOX_ADDR": "127.0.0.1:3060",
        "CREWKIT_GIT_GRPC_ADDR": "nowhere",
        "CREWKIT_GIT_GRPC_TLS_KEY": "damaged",
        "CREWKIT_GIT_WORKERS": "0",
    }
    settings = Settings.from_environment(env, process=process)
    assert (str(settings.grpc_addr), settings.grpc_tls_key, settings.workers) == ("127.0.0.1:50051", None, 1)


def test_process_that_uses_a_setting_validates_it() -> None:
    assert "SANDBOX_ADDR" in problems_of({**PRODUCTION, "CREWKIT_GIT_SANDBOX_ADDR": "127.0.0.1:3060"}, "sandbox")
    assert "GRPC_TLS_CERTIFICATE" in problems_of({**PRODUCTION, "CREWKIT_GIT_GRPC_TLS_KEY": PRIVATE_PEM}, "grpc")
    assert "WORKERS" in problems_of({**PRODUCTION, "CREWKIT_GIT_WORKERS": "0"})


def test_reports_all_problems_at_once_with_remedies() -> None:
    env = {**DEVELOPMENT, "CREWKIT_GIT_HTTP_ADDR": "x", "CREWKIT_GIT_LOG_LEVEL": "LOUD"}
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environment(env, process="worker")

    lines = str(refusal.value).splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "CREWKIT_GIT_HTTP_ADDR",
        "CREWKIT_GIT_LOG_LEVEL",
        "CREWKIT_GIT_DATABASE_URL",
        "CREWKIT_GIT_REDIS_URL",
        "CREWKIT_GIT_ENCRYPTION_KEYS",
    ]
    assert "Set it to host:port, such as 127.0.0.1:3050" in lines[1]


def test_never_prints_a_secret() -> None:
    """Neither in the text of the settings nor in an error."""
    assert "s3cret" not in repr(Settings.from_environment(PRODUCTION))
    assert KEY not in repr(Settings.from_environment(PRODUCTION))
    bad = {
        **PRODUCTION,
        "CREWKIT_GIT_DATABASE_URL": "mysql://crewkit:s3cret@db",
        "CREWKIT_GIT_ENCRYPTION_KEYS": f"k1:{KEY}s3cret",
        "CREWKIT_GIT_SENTRY_DSN": "s3cret",
    }
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environment(bad)
    assert "s3cret" not in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_public_key_can_be_text_escaped_text_or_a_file(tmp_path: Path) -> None:
    """Environment variables often cannot contain newlines, and mounted secrets are files."""
    file = tmp_path / "auth.pem"
    file.write_text(PEM)
    for given in (PEM, PEM.replace("\n", "\\n"), str(file)):
        env = {**PRODUCTION, "CREWKIT_GIT_AUTH_PUBLIC_KEY": given}
        assert Settings.from_environment(env).auth_public_key == PEM


def test_rejects_a_private_key_as_a_public_key() -> None:
    """The service only verifies."""
    private = tokens.private_pem(tokens.ed25519_key()).decode()

    found = problems_of({**PRODUCTION, "CREWKIT_GIT_AUTH_PUBLIC_KEY": private})
    assert found == {"AUTH_PUBLIC_KEY": "this is a private key, but a public key is needed"}


def test_finds_variables_that_are_not_settings() -> None:
    """A misspelt one has no effect; those of the tests and empty ones do not count."""
    env = {
        "CREWKIT_GIT_LOG_LEVLE": "DEBUG",
        "CREWKIT_GIT_TYPO": "1",
        "CREWKIT_GIT_PORT": " ",
        "CREWKIT_GIT_TEST_REDIS_URL": "redis://h",
        "PATH": "/bin",
    }
    assert [(one.variable, one.remedy) for one in find_unknown_variables({**PRODUCTION, **env})] == [
        ("CREWKIT_GIT_LOG_LEVLE", "Rename it to CREWKIT_GIT_LOG_LEVEL, or remove it"),
        ("CREWKIT_GIT_TYPO", "Remove it. docs/reference/settings.md lists all settings"),
    ]


def test_addresses_can_be_ipv6() -> None:
    """With the host in brackets."""
    settings = Settings.from_environment({**DEVELOPMENT, "CREWKIT_GIT_HTTP_ADDR": "[::1]:0"})

    assert settings.http_addr == Address("::1", 0)
    assert settings.http_url == "http://[::1]:0"


@pytest.mark.parametrize(
    ("page", "origin"),
    [
        ("https://App.Example.com/a?b", "https://app.example.com"),
        ("https://app.example.com:443/", "https://app.example.com"),
        ("http://localhost:3050", "http://localhost:3050"),
        ("http://[::1]:80/x", "http://[::1]"),
    ],
)
def test_normalizes_an_origin(page: str, origin: str) -> None:
    """It is compared as text: https://www.rfc-editor.org/rfc/rfc6454#section-6.2."""
    assert origin_of(page) == origin


def test_rejects_traces_without_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command to install them instead of an import error."""
    given = {"CREWKIT_GIT_ENVIRONMENT": "development", "CREWKIT_GIT_OTLP_URL": "http://collector:4318"}
    assert Settings.from_environment(given).otlp_url == "http://collector:4318"
    monkeypatch.setattr("entrypoints.settings.urls.find_spec", lambda _: None)
    with pytest.raises(SettingsRefused, match=r"OTLP_URL.*otel"):
        Settings.from_environment(given)
