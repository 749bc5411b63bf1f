"""libpq reports why a connection failed only as text, and the remedy depends on it."""

import psycopg
import pytest

from adapters.postgres.connection.errors import _TABLES, domain_error, is_outage, unreachable
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
def test_remedy_matches_the_error_of_the_server(said: str, helps: str) -> None:
    """The driver's texts name users and addresses, and are only logged."""
    refusal = unreachable(psycopg.OperationalError(f"connection failed: {said}"))
    assert helps in refusal.remedy
    assert refusal.code == "storage_unavailable"
    assert "crewkit" not in refusal.message


@pytest.mark.parametrize("table", [*metadata.tables, "git_schema_version"])
def test_knows_every_table_of_the_service(table: str) -> None:
    """A missing one is reported as a database that is not migrated."""
    assert _TABLES.search(f'relation "{table}" does not exist')


@pytest.mark.parametrize("error", [psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex])
def test_value_too_large_is_not_an_outage(error: type[psycopg.Error]) -> None:
    """Psycopg reports PostgreSQL's limits as operational errors, like a lost connection."""
    assert domain_error(error("index row size 6048 exceeds btree version 4 maximum 2704")) is None
    assert not is_outage(error())
    assert is_outage(psycopg.errors.AdminShutdown())
