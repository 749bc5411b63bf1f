"""Why there is no connection to PostgreSQL is told by libpq in words alone; what helps depends on it."""

import psycopg
import pytest

from adapters.postgres.connection.errors import _OURS, domain_error, is_outage, unreachable
from adapters.postgres.tables import metadata


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        ('server at "::1", port 5432 failed: Connection refused', "Start PostgreSQL"),
        ("FATAL:  the database system is starting up", "Start PostgreSQL"),
        ("SSL SYSCALL error: Connection reset by peer", "Start PostgreSQL"),
        ('FATAL:  Passwort-Authentifizierung für Benutzer "u" fehlgeschlagen', "Start PostgreSQL"),
        ('FATAL:  password authentication failed for user "crewkit"', "Correct the user and password"),
        ('FATAL:  role "crewkit" does not exist', "Correct the user and password"),
        ("fe_sendauth: no password supplied", "Correct the user and password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "u", no encryption', "pg_hba.conf"),
        ('FATAL:  database "crewkit" does not exist', "Create the database"),
        ("server does not support SSL, but SSL was required", "Give PostgreSQL a TLS certificate"),
        ('root certificate file "/root.crt" does not exist', "Give PostgreSQL a TLS certificate"),
        ("SSL error: certificate verify failed", "Give PostgreSQL a TLS certificate"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", "Correct the host"),
    ],
)
def test_what_helps_fits_what_the_server_says(said: str, helps: str) -> None:
    """In words of this project: those of the driver name users and addresses, and are for the log."""
    refusal = unreachable(psycopg.OperationalError(f"connection failed: {said}"))
    assert helps in refusal.remedy
    assert refusal.code == "storage_unavailable"
    assert "crewkit" not in refusal.message


@pytest.mark.parametrize("table", [*metadata.tables, "git_schema_version"])
def test_every_table_is_known_to_be_ours(table: str) -> None:
    """So that one that is missing is told as a database that was not migrated, and never as a bug."""
    assert _OURS.search(f'relation "{table}" does not exist')


@pytest.mark.parametrize("error", [psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex])
def test_value_too_large_is_no_outage(error: type[psycopg.Error]) -> None:
    """Psycopg counts PostgreSQL's limits as operational errors, like a lost connection."""
    assert domain_error(error("index row size 6048 exceeds btree version 4 maximum 2704")) is None
    assert not is_outage(error())
    assert is_outage(psycopg.errors.AdminShutdown())
