"""Every table of the schema, by aggregate. The migrations make them; a test holds the two together."""

from adapters.postgres.tables.audit import idempotency_keys, versions, webhook_secret_uses
from adapters.postgres.tables.catalog import git_commit_attributions, git_repositories, project_repositories
from adapters.postgres.tables.crewkit import memberships, organizations, projects, users
from adapters.postgres.tables.integrations import git_flows, git_integrations, git_token_leases
from adapters.postgres.tables.metadata import metadata
from adapters.postgres.tables.people import (
    git_commit_claims,
    git_token_revocations,
    user_git_connections,
    user_git_emails,
)
from adapters.postgres.tables.recoveries import git_faults, git_missing_deliveries, git_recoveries
from adapters.postgres.tables.webhook_events import (
    git_batch_starts,
    git_domain_events,
    git_retention,
    git_webhook_events,
)

__all__ = [
    "git_batch_starts",
    "git_commit_attributions",
    "git_commit_claims",
    "git_domain_events",
    "git_faults",
    "git_flows",
    "git_integrations",
    "git_missing_deliveries",
    "git_recoveries",
    "git_repositories",
    "git_retention",
    "git_token_leases",
    "git_token_revocations",
    "git_webhook_events",
    "idempotency_keys",
    "memberships",
    "metadata",
    "organizations",
    "project_repositories",
    "projects",
    "user_git_connections",
    "user_git_emails",
    "users",
    "versions",
    "webhook_secret_uses",
]
