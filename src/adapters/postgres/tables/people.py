"""Users' identities at a provider."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import ENCRYPTED, Timestamp, external_id, metadata, primary_key, written_at

user_git_connections = Table(
    "user_git_connections",
    metadata,
    primary_key(),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("provider", String, nullable=False),
    Column("provider_user_id", String, nullable=False),
    Column("provider_username", String),
    Column("provider_email", String),
    Column("provider_avatar_url", String),
    Column("access_token", String, info=ENCRYPTED),
    Column("refresh_token", String, info=ENCRYPTED),
    Column("token_expires_at", Timestamp),
    Column("token_lease_owner", String),
    Column("token_lease_until", Timestamp),
    Column("token_lease_generation", BigInteger, nullable=False, server_default=text("0")),
    Column("scopes", JSONB, nullable=False, server_default="[]"),
    Column("status", String, nullable=False, server_default="active"),
    Column("status_reason", String),
    external_id(),
    *written_at(),
    # When the provider is asked again for login and addresses, which it tells nobody of.
    Column("identity_check_at", Timestamp, nullable=False, server_default=text("now() + interval '1 day'")),
    UniqueConstraint("user_id", "provider"),
    UniqueConstraint("provider", "provider_user_id"),
    Index("user_git_connections_login_idx", "provider", text("lower(provider_username)")),
    Index("user_git_connections_identity_check_idx", "identity_check_at", postgresql_where=text("status = 'active'")),
)

user_git_emails = Table(
    "user_git_emails",
    metadata,
    primary_key(),
    Column("user_git_connection_id", ForeignKey("user_git_connections.id", ondelete="CASCADE"), nullable=False),
    Column("email", String, nullable=False, index=True),  # in its normal form
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    *written_at(),
    UniqueConstraint("user_git_connection_id", "email"),
)

# What a connection still has to look through for earlier commits of its person.
git_commit_claims = Table(
    "git_commit_claims",
    metadata,
    Column("user_git_connection_id", ForeignKey("user_git_connections.id", ondelete="CASCADE"), primary_key=True),
    Column("git_integration_id", ForeignKey("git_integrations.id"), primary_key=True),
    Column("requested_at", Timestamp, nullable=False, server_default=func.now()),
    Column("claimed_at", Timestamp),
    *written_at(),
    Index(
        "git_commit_claims_due_idx", "git_integration_id", "requested_at", postgresql_where=text("claimed_at IS NULL")
    ),
)

# Access that its person wants gone at the provider: encrypted, and only until that is done.
git_token_revocations = Table(
    "git_token_revocations",
    metadata,
    primary_key(),
    external_id(),
    Column("provider", String, nullable=False),
    Column("provider_user_id", String, nullable=False),
    Column("whole_grant", Boolean, nullable=False),
    Column("access_token", String, nullable=False, info=ENCRYPTED),
    Column("token_expires_at", Timestamp),
    Column("refresh_token", String, info=ENCRYPTED),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Timestamp, nullable=False, server_default=func.now()),
    Column("taken_until", Timestamp),
    *written_at(),
    Index("git_token_revocations_account_idx", "provider", "provider_user_id"),
    Index("git_token_revocations_due_idx", "next_attempt_at"),
)
