"""A setting is its variable, or the content of the file that `<variable>_FILE` names."""

from pathlib import Path

import pytest

from entrypoints.settings.checks import find_unknown_variables
from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import SETTINGS
from tests.support.builders import tokens

DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}
FIRST, SECOND = "b1f64c07e2d9a358", "5a90d7e3c4f1b826"


def read(**given: str) -> Settings:
    """Read a development environment with these settings."""
    return Settings.from_environment(DEVELOPMENT | {f"CREWKIT_GIT_{name}": text for name, text in given.items()})


def refusal(**given: str) -> str:
    """Return the one problem of a refused environment, as a line."""
    with pytest.raises(SettingsRefused) as refused:
        read(**given)
    (problem,) = refused.value.problems
    return str(problem)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", "  \n"])
def test_reads_a_secret_from_a_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "client_secret"
    file.write_bytes(f"the-client-secret{ending}".encode())
    secret = read(GITHUB_CLIENT_SECRET_FILE=str(file)).github_client_secret
    assert secret is not None
    assert secret.reveal() == "the-client-secret"


def test_every_setting_can_be_a_file(tmp_path: Path) -> None:
    """Not only secrets: one rule is easier to remember than a list."""
    file = tmp_path / "value"
    for setting in SETTINGS:
        file.write_text(setting.default or "")
        if setting.default and setting.name != "ENVIRONMENT":
            from_file = read(**{f"{setting.name}_FILE": str(file)})
            assert getattr(from_file, setting.field) == getattr(read(), setting.field)
    assert not find_unknown_variables({f"{setting.variable}_FILE": "x" for setting in SETTINGS})


def test_setting_with_a_file_is_not_missing(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:p@h/d\n")
    env = {**DEVELOPMENT, "CREWKIT_GIT_DATABASE_URL_FILE": str(file)}
    url = Settings.from_environment(env, process="migrate").database_url
    assert url is not None
    assert url.reveal() == "postgresql://u:p@h/d"


def test_rejects_variable_and_file_together(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(FIRST)
    assert refusal(GITHUB_WEBHOOK_SECRETS=SECOND, GITHUB_WEBHOOK_SECRETS_FILE=str(file)) == (
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS: CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS_FILE is set as well. Remove "
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS or CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS_FILE"
    )


def test_names_an_unusable_file_with_the_reason(tmp_path: Path) -> None:
    empty, binary, large = (tmp_path / name for name in ("empty", "binary", "large"))
    empty.write_text(" \n")
    binary.write_bytes("s3cret".encode("utf-16"))
    large.write_text("s3cret" * 200_000)
    variable = "CREWKIT_GIT_GITHUB_CLIENT_SECRET_FILE"
    for path, reason in {
        tmp_path / "missing": "cannot be read (No such file or directory)",
        tmp_path: "is a directory",
        empty: "is empty",
        binary: "is not UTF-8 text",
        large: "is larger than 1,048,576 bytes",
        Path("/dev/zero"): "is not a regular file",
    }.items():
        said = refusal(GITHUB_CLIENT_SECRET_FILE=str(path))
        assert said.startswith(f"{variable}: {path} {reason}. "), said
        assert "s3cret" not in said


def test_rejects_several_lines_for_a_single_value(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("one\ntwo\n")
    assert "the value has more than one line" in refusal(GITHUB_CLIENT_SECRET_FILE=str(file))


@pytest.mark.parametrize("name", ["GITHUB_CLIENT_SECRET", "GITHUB_WEBHOOK_SECRETS", "ENCRYPTION_KEYS"])
def test_rejects_the_path_of_a_mounted_secret_as_a_secret(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mounted-secret-file"
    file.write_text(FIRST)
    for path in (str(file), f"file://{file}", f"'{file}'", "/run/secrets/not-visible-here"):
        assert refusal(**{name: path}) == (
            f"CREWKIT_GIT_{name}: this is the path of a file, not the value. Set CREWKIT_GIT_{name}_FILE to "
            f"the path and remove CREWKIT_GIT_{name}"
        )


def test_accepts_a_secret_that_starts_with_a_slash() -> None:
    """Base64 has slashes."""
    secret = read(GITHUB_CLIENT_SECRET="/8a61f9b3/a7aba766==").github_client_secret
    assert secret is not None
    assert secret.reveal() == "/8a61f9b3/a7aba766=="


@pytest.mark.parametrize("quote", ["'", '"'])
def test_removes_surrounding_quotes_from_every_setting(tmp_path: Path, quote: str) -> None:
    """`docker run --env-file` keeps the quotation marks that shells remove."""
    quoted = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "GITHUB_CLIENT_SECRET": "abc",
        "GITHUB_WEBHOOK_SECRETS": f"{FIRST},{SECOND}",
        "AUTH_PUBLIC_KEY": tokens.public_pem(tokens.ed25519_key()),
        "LOG_LEVEL": "DEBUG",
        "WORKERS": "2",
        "PUBLIC_URL": "https://git.example",
        "ALLOWED_ORIGINS": "https://a.example",
    }
    settings = read(**{name: f" {quote}{text}{quote} " for name, text in quoted.items()})
    plain = read(**quoted)
    assert _values_of(settings) == _values_of(plain)
    assert [secret.reveal() for secret in settings.github_webhook_secrets] == [FIRST, SECOND]
    file = tmp_path / "secret"
    file.write_text(f"{quote}{FIRST}{quote}\n")
    (secret,) = read(GITHUB_WEBHOOK_SECRETS_FILE=str(file)).github_webhook_secrets
    assert secret.reveal() == FIRST


def _values_of(settings: Settings) -> tuple[object, ...]:
    secrets = (settings.database_url, settings.github_client_secret)
    return (
        *(secret.reveal() for secret in secrets if secret),
        settings.auth_public_key,
        settings.log_level,
        settings.workers,
        settings.public_url,
        settings.allowed_origins,
    )


def test_removes_quotes_around_each_secret_of_a_list() -> None:
    given = f'"{FIRST}", "{SECOND}"'
    secrets = read(GITHUB_WEBHOOK_SECRETS=given).github_webhook_secrets
    assert [secret.reveal() for secret in secrets] == [FIRST, SECOND]


def test_keeps_quotes_inside_and_of_two_kinds() -> None:
    for text in ("\"it's", "it's", 'a"b"c'):
        secret = read(GITHUB_CLIENT_SECRET=text).github_client_secret
        assert secret is not None
        assert secret.reveal() == text


def test_reads_one_secret_per_line_with_commas(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{FIRST},with,commas\r\n\n{SECOND}\n")
    secrets = read(GITHUB_WEBHOOK_SECRETS_FILE=str(file)).github_webhook_secrets
    assert [secret.reveal() for secret in secrets] == [f"{FIRST},with,commas", SECOND]


def test_rejects_a_secret_with_a_comma_with_a_remedy() -> None:
    for text in (f"{FIRST},short", f"{FIRST},", f",{FIRST}", f"{FIRST},,{SECOND}"):
        said = refusal(GITHUB_WEBHOOK_SECRETS=text)
        assert "secret" in said
        assert "one per line, and set CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS_FILE" in said
        assert FIRST not in said
