"""Repositories of an integration, their links to projects, and the attributions of their commits."""

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

from adapters.postgres.tables.metadata import Timestamp, create_write_times, external_id, metadata, primary_key

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
    # The normalized name, so that results and their order do not depend on the database's locale.
    Column("search_name", String(collation="C"), nullable=False, server_default=""),
    # Columns that change with every push are not indexed, so that a push updates no index.
    Column("pushed_at", Timestamp),
    Column("provider_updated_at", Timestamp),
    Column("removed_at", Timestamp),
    Column("search_grams", ARRAY(Integer), nullable=False),
    Column("topics", ARRAY(String)),
    # The words of the description, the language and the topics.
    Column("search_about", String, nullable=False, server_default=""),
    # The name before its owner, so that a search finds names that begin with a text in one range.
    Column("search_key", String(collation="C"), Computed(NAME_FIRST, persisted=True)),
    *create_write_times(),
    Column("visibility", String),
    UniqueConstraint("git_integration_id", "repo_id"),
    # With fastupdate, a search would first read the index's pending list.
    Index(
        "git_repositories_search_grams_idx",
        "search_grams",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
    # Contains all columns for order and filters, so that rows that do not match are not fetched.
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
    *create_write_times(),
    Column("previous_full_name", String),
    UniqueConstraint("project_id", "provider"),
    Index("project_repositories_git_integration_id_repo_id_idx", "git_integration_id", "repo_id"),
)

# The decisions of owners and admins about all commits with an address. Readers of attributions apply them.
git_author_assignments = Table(
    "git_author_assignments",
    metadata,
    primary_key(),
    external_id(),
    Column("organization_id", BigInteger, nullable=False),
    Column("address", String, nullable=False),  # normalized
    Column("kind", String, nullable=False),  # user, bot, ignored
    Column("user_id", BigInteger),
    *create_write_times(),
    CheckConstraint("(kind = 'user') = (user_id IS NOT NULL)", name="kind"),
    UniqueConstraint("organization_id", "address"),
)

# There are no foreign keys: checking them took a third of the time of an insert. The writer has just read the
# integration and the user, integrations are never deleted, and crewkit can delete users.
git_commit_attributions = Table(
    "git_commit_attributions",
    metadata,
    primary_key(),
    Column("git_integration_id", BigInteger, nullable=False),
    Column("repo_id", String, nullable=False),
    Column("sha", String, nullable=False),
    Column("role", String, nullable=False),  # author, committer, co_author
    Column("address", String, nullable=False),  # normalized; empty if the commit has none
    Column("name", String, nullable=False),
    Column("username", String),
    Column("user_id", BigInteger),
    Column("method", String, nullable=False),
    Column("committed_at", Timestamp),
    *create_write_times(),
    Column("kind", String, nullable=False),  # user, bot, none
    Column("account_id", String),
    CheckConstraint("(kind = 'user') = (user_id IS NOT NULL)", name="kind"),
    UniqueConstraint("git_integration_id", "repo_id", "sha", "role", "address", name="git_commit_attributions_key"),
    # Lists are by kind, because a kind can have few rows and another many. The index contains `id + 0`, because for
    # a list by `id` the planner would sometimes read the primary key instead, over many rows.
    Index("git_commit_attributions_kind_idx", "git_integration_id", "kind", text("(id + 0)")),
    Index("git_commit_attributions_repo_kind_idx", "git_integration_id", "repo_id", "kind", text("(id + 0)")),
    Index(
        "git_commit_attributions_user_idx",
        "git_integration_id",
        "user_id",
        text("(id + 0)"),
        postgresql_where=text("user_id IS NOT NULL"),
    ),
    # A new connection searches for attributions without a user, and an assignment for those with an address. More
    # columns would prevent that PostgreSQL stores equal keys once, and cost 8 % of the time to store a commit.
    Index("git_commit_attributions_author_idx", "git_integration_id", "kind", "address"),
    Index(
        "git_commit_attributions_open_account_idx",
        "git_integration_id",
        "account_id",
        postgresql_where=text("account_id IS NOT NULL AND (kind = 'none' OR method = 'member_address')"),
    ),
)
