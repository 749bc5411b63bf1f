"""crewkit's own tables, as little of them as we read; created only where absent, dropped by nobody here."""

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint

from adapters.postgres.tables.metadata import external_id, metadata, primary_key, written_at

organizations = Table(
    "organizations", metadata, primary_key(), external_id(), Column("name", String, nullable=False), *written_at()
)

users = Table(
    "users",
    metadata,
    primary_key(),
    external_id(),
    Column("email", String, nullable=False),
    Column("name", String),
    *written_at(),
)

memberships = Table(
    "memberships",
    metadata,
    primary_key(),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("role", String, nullable=False),
    *written_at(),
    UniqueConstraint("user_id", "organization_id"),
)

projects = Table(
    "projects",
    metadata,
    primary_key(),
    external_id(),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    *written_at(),
)
