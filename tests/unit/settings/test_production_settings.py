"""Production rejects development settings, unencrypted addresses, and incomplete or contradicting keys."""

from pathlib import Path

import pytest

from entrypoints.settings.settings import Settings, SettingsRefused
from local.keys import development_environment
from tests.support.builders.settings import DEVELOPMENT, PRODUCTION, problems_of
from tests.support.fakes.certificate_authority import Authority

CERTIFICATE = Authority().certificate.decode()


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
