"""Repositories as an integration sees them, their links to projects, and their commits' people."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from adapters.postgres.tables.metadata import Timestamp, external_id, metadata, primary_key, written_at

# `owner/name` as name, U+0001, owner: `core.domain.catalog.search.name_key` of what is in `search_name`.
NAME_FIRST = r"""
    regexp_replace(search_name::text, '^(.*)/([^/]*)$'::text, '\2'::text || chr(1) || '\1'::text)
"""

git_repositories = Table(
    "git_repositories",
    metadata,
    primary_key(),
    Column("git_integration_id", ForeignKey("git_integrations.id"), nullable=False),
    Column("repo_id", String, nullable=False),
    Column("full_name", String, nullable=False),
    Column("url", String),
    Column("private", Boolean, nullable=False, server_default=true()),
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("fork", Boolean, nullable=False, server_default=false()),
    Column("default_branch", String),
    Column("description", Text),
    Column("language", String),
    # Our own form of the name, so that no database's locale decides what is found and in which order.
    Column("search_name", String(collation="C"), nullable=False, server_default=""),
    # Of what changes with every push nothing is indexed, so that a push rewrites the row and no index.
    Column("pushed_at", Timestamp),
    Column("provider_updated_at", Timestamp),
    Column("removed_at", Timestamp),
    Column("search_grams", ARRAY(Integer), nullable=False),
    Column("topics", ARRAY(String)),
    # The words of the description, the language and the topics.
    Column("search_about", String, nullable=False, server_default=""),
    # The name before its owner, so that a search finds names that begin with a text in one range.
    Column("search_key", String(collation="C"), Computed(NAME_FIRST, persisted=True)),
    *written_at(),
    Column("visibility", String),
    UniqueConstraint("git_integration_id", "repo_id"),
    # A search would first read through what such an index puts off sorting in.
    Index(
        "git_repositories_search_grams_idx",
        "search_grams",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
    # Holds all that a list is ordered and filtered by, so that rows which do not match are never fetched.
    Index(
        "git_repositories_name_idx",
        "git_integration_id",
        "search_name",
        "repo_id",
        postgresql_include=["id", "private", "archived", "fork"],
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index(
        "git_repositories_key_idx",
        "git_integration_id",
        "search_key",
        "repo_id",
        postgresql_include=["id", "private", "archived", "fork"],
        postgresql_where=text("removed_at IS NULL"),
    ),
    postgresql_with={"fillfactor": "85"},
)

project_repositories = Table(
    "project_repositories",
    metadata,
    primary_key(),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("git_integration_id", ForeignKey("git_integrations.id"), nullable=False),
    Column("provider", String, nullable=False),
    Column("repo_id", String, nullable=False),
    Column("repo_full_name", String, nullable=False),
    Column("repo_url", String),
    Column("default_branch", String, nullable=False, server_default="main"),
    Column("webhooks_enabled", Boolean, nullable=False, server_default=true()),
    Column("settings", JSONB, nullable=False, server_default="{}"),
    external_id(),
    *written_at(),
    Column("previous_full_name", String),
    UniqueConstraint("project_id", "provider"),
    Index("project_repositories_git_integration_id_repo_id_idx", "git_integration_id", "repo_id"),
)

# No foreign keys: looking them up took a third of what a row takes to write. Whoever writes one has just read
# its integration and its user, integrations are never deleted, and crewkit may delete a user without asking.
git_commit_attributions = Table(
    "git_commit_attributions",
    metadata,
    primary_key(),
    Column("git_integration_id", BigInteger, nullable=False),
    Column("repo_id", String, nullable=False),
    Column("sha", String, nullable=False),
    Column("role", String, nullable=False),  # author, committer, co_author
    Column("address", String, nullable=False),  # in its normal form; empty where the commit names none
    Column("name", String, nullable=False),
    Column("username", String),
    Column("user_id", BigInteger),
    Column("method", String, nullable=False),
    Column("committed_at", Timestamp),
    *written_at(),
    Column("kind", String, nullable=False),  # user, bot, none
    Column("account_id", String),
    CheckConstraint("(kind = 'user') = (user_id IS NOT NULL)", name="kind"),
    UniqueConstraint("git_integration_id", "repo_id", "sha", "role", "address", name="git_commit_attributions_key"),
    # Lists are by kind: of what one kind has little, there may be any amount of the others. By the sum, since
    # for a list by the id alone the planner would at times walk along the primary key instead, far and wide.
    Index("git_commit_attributions_kind_idx", "git_integration_id", "kind", text("(id + 0)")),
    Index("git_commit_attributions_repo_kind_idx", "git_integration_id", "repo_id", "kind", text("(id + 0)")),
    Index(
        "git_commit_attributions_user_idx",
        "git_integration_id",
        "user_id",
        text("(id + 0)"),
        postgresql_where=text("user_id IS NOT NULL"),
    ),
    # Someone who connects looks for what is nobody's yet.
    Index(
        "git_commit_attributions_claim_address_idx",
        "git_integration_id",
        "address",
        postgresql_where=text("kind = 'none'"),
    ),
    Index(
        "git_commit_attributions_claim_account_idx",
        "git_integration_id",
        "account_id",
        postgresql_where=text("kind = 'none' AND account_id IS NOT NULL"),
    ),
)
