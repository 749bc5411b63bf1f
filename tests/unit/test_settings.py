"""The environment is read once, whole, and either describes a service that can run or is refused."""

import base64
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import pytest

from entrypoints.settings.checks import find_unknown_variables
from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import PROCESSES, SETTINGS
from entrypoints.settings.values import Address, Environment, origin_of
from local.keys import development_environment
from tests.support.builders import tokens
from tests.support.fakes.certificate_authority import Authority

CERTIFICATE = Authority().certificate.decode()

KEY = base64.b64encode(sha256(b"tests").digest()).decode()
NEWER, OLDER = "b1f64c07e2d9a358", "5a90d7e3c4f1b826"
PEM = tokens.public_pem(tokens.ed25519_key())
PRIVATE_PEM = tokens.private_pem(tokens.rsa_key()).decode()
PRODUCTION = {
    "CREWKIT_GIT_DATABASE_URL": "postgresql://crewkit:s3cret@db.internal:5432/crewkit",
    "CREWKIT_GIT_REDIS_URL": "redis://:s3cret@redis.internal:6379/0",
    "CREWKIT_GIT_DASHBOARD_URL": "https://app.crewkit.example/",
    "CREWKIT_GIT_PUBLIC_URL": "https://api.crewkit.example",
    "CREWKIT_GIT_GITHUB_CLIENT_ID": "Iv23li0123456789",
    "CREWKIT_GIT_GITHUB_CLIENT_SECRET": "s3cret",
    "CREWKIT_GIT_GITHUB_PRIVATE_KEY": PRIVATE_PEM.replace("\n", "\\n"),
    "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": f"{NEWER}, {OLDER}",
    "CREWKIT_GIT_ENCRYPTION_KEYS": f"k2:{KEY},k1:{KEY}",
    "CREWKIT_GIT_AUTH_PUBLIC_KEY": PEM,
    "CREWKIT_GIT_AUTH_ISSUER": "https://crewkit.example",
    "CREWKIT_GIT_AUTH_AUDIENCE": "crewkit-git",
}
DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}


def problems_of(env: dict[str, str], process: str | None = None) -> dict[str, str]:
    """Read an environment that is refused; give what is wrong by variable, without the prefix."""
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environment(env, process=process)
    return {one.variable.removeprefix("CREWKIT_GIT_"): one.problem for one in refusal.value.problems}


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


def test_rejects_two_sources_of_keys() -> None:
    """With two it would be unclear which tokens are valid."""
    env = {**PRODUCTION, "CREWKIT_GIT_AUTH_JWKS_URL": "https://issuer.example/jwks.json"}

    assert "AUTH_PUBLIC_KEY" in problems_of(env)
    del env["CREWKIT_GIT_AUTH_PUBLIC_KEY"]
    assert Settings.from_environment(env).auth_jwks_url == "https://issuer.example/jwks.json"


def test_production_fetches_keys_over_https() -> None:
    """An attacker who answers for the issuer could sign in as anyone; a local proxy is fine."""
    env = {name: value for name, value in PRODUCTION.items() if name != "CREWKIT_GIT_AUTH_PUBLIC_KEY"}

    assert "AUTH_JWKS_URL" in problems_of({**env, "CREWKIT_GIT_AUTH_JWKS_URL": "http://issuer.example/jwks"})
    Settings.from_environment({**env, "CREWKIT_GIT_AUTH_JWKS_URL": "http://127.0.0.1:9000/jwks"})
    Settings.from_environment({**DEVELOPMENT, "CREWKIT_GIT_AUTH_JWKS_URL": "http://issuer.example/jwks"})


@pytest.mark.parametrize(
    "name",
    [
        "PUBLIC_URL",
        "DASHBOARD_URL",
        "SIGN_IN_URL",
        "GITHUB_URL",
        "GITHUB_API_URL",
        "AUTH_JWKS_URL",
        "ALLOWED_ORIGINS",
        "SENTRY_DSN",
    ],
)
def test_production_refuses_plain_http_except_on_this_machine(name: str) -> None:
    env = {key: text for key, text in PRODUCTION.items() if key != "CREWKIT_GIT_AUTH_PUBLIC_KEY"}
    env["CREWKIT_GIT_AUTH_JWKS_URL"] = "https://issuer.example/jwks"
    variable = f"CREWKIT_GIT_{name}"
    for host in (
        "git.crewkit.example",
        "10.0.0.1",
        "localhost.example",
        "127.0.0.1.example",
        "127.1",
        "0.0.0.0",
        "[::ffff:10.0.0.1]",
    ):
        for process in (None, "api", "doctor"):
            assert problems_of({**env, variable: f"http://{host}"}, process) == {
                name: f"http://{host} is not encrypted"
            }
    for host in ("127.0.0.1:3050", "127.8.9.10", "localhost", "[::1]:3050"):
        Settings.from_environment({**env, variable: f"http://{host}"})
    Settings.from_environment({**DEVELOPMENT, variable: "http://git.crewkit.example"})


def test_plain_http_is_refused_for_each_origin_in_one_line_with_a_remedy() -> None:
    env = {**PRODUCTION, "CREWKIT_GIT_ALLOWED_ORIGINS": "https://a.example,http://b.example"}
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environment(env)
    (line,) = str(refusal.value).splitlines()[1:]
    assert line == (
        "CREWKIT_GIT_ALLOWED_ORIGINS: http://b.example is not encrypted. "
        "Use https://. http:// is only allowed for this machine (localhost, 127.0.0.1, ::1)."
    )


def test_rejected_address_does_not_show_its_user() -> None:
    env = {**PRODUCTION, "CREWKIT_GIT_SENTRY_DSN": "http://hunter2@sentry.example/1"}
    assert problems_of(env) == {"SENTRY_DSN": "http://sentry.example is not encrypted"}


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


def test_production_rejects_the_sandbox() -> None:
    """It would sign webhooks and user tokens for anyone."""
    assert "SANDBOX_ADDR" in problems_of({**PRODUCTION, "CREWKIT_GIT_SANDBOX_ADDR": "127.0.0.1:3060"})


@pytest.mark.parametrize("name", ["AUTH_PUBLIC_KEY", "ENCRYPTION_KEYS", "GITHUB_WEBHOOK_SECRETS"])
def test_production_rejects_development_keys(tmp_path: Path, name: str) -> None:
    """A developer's directory would give access as anyone."""
    made = development_environment(tmp_path, {})[f"CREWKIT_GIT_{name}"]
    env = {**PRODUCTION, "CREWKIT_GIT_HOME": str(tmp_path), f"CREWKIT_GIT_{name}": made}

    assert problems_of(env) == {name: "this is the development key that `make run` created"}
    Settings.from_environment({**env, **DEVELOPMENT})


def test_misspelt_environment_is_as_strict_as_production() -> None:
    """`developement` must not allow the sandbox, nor a start without keys."""
    found = problems_of({"CREWKIT_GIT_ENVIRONMENT": "developement", "CREWKIT_GIT_SANDBOX_ADDR": "127.0.0.1:3060"})

    assert {"ENVIRONMENT", "SANDBOX_ADDR", "ENCRYPTION_KEYS"} <= set(found)


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


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"GRPC_TLS_CERTIFICATE": CERTIFICATE}, ["GRPC_TLS_KEY"]),
        ({"GRPC_CLIENT_AUTHORITIES": CERTIFICATE}, ["GRPC_TLS_CERTIFICATE", "GRPC_TLS_KEY"]),
    ],
)
def test_rejects_a_certificate_without_a_key(given: dict[str, str], missing: list[str]) -> None:
    """And a key without a certificate: the service must not fall back to plain text."""
    environment = {"CREWKIT_GIT_ENVIRONMENT": "development"}
    environment |= {f"CREWKIT_GIT_{name}": text for name, text in given.items()}
    with pytest.raises(SettingsRefused) as refused:
        Settings.from_environment(environment)
    assert [one.variable for one in refused.value.problems] == [f"CREWKIT_GIT_{name}" for name in missing]


def test_damaged_certificate_is_one_problem() -> None:
    """The key is not reported as well."""
    key, certificate = Authority().issue("git.crewkit.example")
    env = {
        **DEVELOPMENT,
        "CREWKIT_GIT_GRPC_TLS_CERTIFICATE": certificate.decode()[:-100],
        "CREWKIT_GIT_GRPC_TLS_KEY": key.decode(),
    }
    assert problems_of(env) == {"GRPC_TLS_CERTIFICATE": "the certificate is incomplete: its END line is missing"}


def test_rejects_the_key_of_another_certificate() -> None:
    authority = Authority()
    _, certificate = authority.issue("git.crewkit.example")
    other, _ = authority.issue("git.crewkit.example")
    env = {
        **DEVELOPMENT,
        "CREWKIT_GIT_GRPC_TLS_CERTIFICATE": certificate.decode(),
        "CREWKIT_GIT_GRPC_TLS_KEY": other.decode(),
    }
    assert problems_of(env) == {"GRPC_TLS_KEY": "this key does not belong to CREWKIT_GIT_GRPC_TLS_CERTIFICATE"}


def test_rejects_traces_without_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command to install them instead of an import error."""
    given = {"CREWKIT_GIT_ENVIRONMENT": "development", "CREWKIT_GIT_OTLP_URL": "http://collector:4318"}
    assert Settings.from_environment(given).otlp_url == "http://collector:4318"
    monkeypatch.setattr("entrypoints.settings.values.find_spec", lambda _: None)
    with pytest.raises(SettingsRefused, match=r"OTLP_URL.*otel"):
        Settings.from_environment(given)
