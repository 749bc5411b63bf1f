"""Read the rows of the service, and insert organizations and users."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from tests.support.builders.deliveries import INSTALLATION, REPOSITORY

_CONNECT = """
WITH organization AS (
  INSERT INTO organizations (external_id, name)
  VALUES (gen_random_uuid(), 'Organization of ' || %(installation)s) RETURNING id
), integration AS (
  INSERT INTO git_integrations (organization_id, provider, provider_id, provider_name, external_id)
  SELECT id, 'github', %(installation)s::text, 'acme-rockets', gen_random_uuid() FROM organization
  RETURNING id
), catalog AS (
  INSERT INTO git_repositories (git_integration_id, repo_id, full_name, default_branch, search_grams)
  SELECT id, repo_id, 'acme-rockets/launchpad', 'main', '{}'
  FROM integration, unnest(%(repositories)s::text[]) AS repo_id
), project AS (
  INSERT INTO projects (external_id, organization_id, name)
  SELECT gen_random_uuid(), id, 'Project ' || number
  FROM organization, generate_series(1, %(links)s * cardinality(%(repositories)s::text[])) AS number
  RETURNING id
)
INSERT INTO project_repositories
  (project_id, git_integration_id, provider, repo_id, repo_full_name, external_id)
SELECT project.id, integration.id, 'github',
  (%(repositories)s::text[])[1 + (row_number() OVER ()) %% cardinality(%(repositories)s::text[])],
  'acme-rockets/launchpad', gen_random_uuid()
FROM integration, project
"""
_PERSON = """
WITH organization AS (SELECT id, external_id FROM organizations ORDER BY id LIMIT 1),
person AS (
  INSERT INTO users (external_id, email) VALUES (gen_random_uuid(), gen_random_uuid() || '@acme.example')
  RETURNING id, external_id
), membership AS (
  INSERT INTO memberships (user_id, organization_id, role)
  SELECT person.id, organization.id, %s FROM person, organization
)
SELECT organization.external_id, person.external_id FROM organization, person
"""


class EventStore:
    """One database, seen by someone who stands outside."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(
        self, query: LiteralString, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(query, parameters).fetchall()

    def run(self, statements: LiteralString) -> None:
        """Run statements that return nothing."""
        self._connection.execute(statements)

    def value(self, query: LiteralString, parameters: Sequence[object] = ()) -> Any:
        """Return the one value of a query."""
        [[found]] = self.rows(query, parameters)
        return found

    def connect_installation(
        self, installation: int = INSTALLATION, repositories: Sequence[int] = (REPOSITORY,), *, links: int = 1
    ) -> None:
        """Connect an installation to a new organization, with so many projects per repository."""
        self._connection.execute(
            _CONNECT,
            {"installation": installation, "repositories": [str(each) for each in repositories], "links": links},
        )

    def person(self, role: str = "owner") -> tuple[UUID, UUID]:
        """Put in a person with this role in the first organization; return both ids as callers know them."""
        [(organization, user)] = self.rows(_PERSON, (role,))
        return organization, user

    def delivery_ids(self) -> list[str]:
        """List the deliveries it has, in the order received."""
        return [found for (found,) in self.rows("SELECT delivery_id FROM git_webhook_events ORDER BY id")]

    def statuses(self) -> Counter[str]:
        """Count its events by status."""
        return Counter(dict(self.rows("SELECT status, count(*) FROM git_webhook_events GROUP BY status")))

    def status(self, delivery_id: str) -> str | None:
        """Return where one delivery stands, None where it never arrived."""
        found = self.rows("SELECT status FROM git_webhook_events WHERE delivery_id = %s", (delivery_id,))
        return found[0][0] if found else None

    def is_settled(self) -> bool:
        """Return whether no event waits."""
        return not self.value("SELECT count(*) FROM git_webhook_events WHERE status = 'pending'")


@contextmanager
def open_events(database_url: str) -> Iterator[EventStore]:
    """Open the webhook events for the length of the block."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield EventStore(connection)
