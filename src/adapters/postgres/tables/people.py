"""crewkit's users and organizations, the users' connections to providers, and the audit trail."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import (
    ENCRYPTED,
    Timestamp,
    create_write_times,
    external_id,
    metadata,
    primary_key,
)

organizations = Table(
    "organizations",
    metadata,
    primary_key(),
    external_id(),
    Column("name", String, nullable=False),
    *create_write_times(),
)

users = Table(
    "users",
    metadata,
    primary_key(),
    external_id(),
    Column("email", String, nullable=False),
    Column("name", String),
    *create_write_times(),
)

memberships = Table(
    "memberships",
    metadata,
    primary_key(),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("role", String, nullable=False),
    *create_write_times(),
    UniqueConstraint("user_id", "organization_id"),
)

projects = Table(
    "projects",
    metadata,
    primary_key(),
    external_id(),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    *create_write_times(),
)


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
    *create_write_times(),
    # When login and addresses are fetched again: the provider sends no event about their changes.
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
    Column("email", String, nullable=False, index=True),  # normalized
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    *create_write_times(),
    UniqueConstraint("user_git_connection_id", "email"),
)

# The integrations in which earlier commits of a connection's user are still to be found.
git_commit_claims = Table(
    "git_commit_claims",
    metadata,
    Column("user_git_connection_id", ForeignKey("user_git_connections.id", ondelete="CASCADE"), primary_key=True),
    Column("git_integration_id", ForeignKey("git_integrations.id"), primary_key=True),
    Column("requested_at", Timestamp, nullable=False, server_default=func.now()),
    Column("claimed_at", Timestamp),
    *create_write_times(),
    Index(
        "git_commit_claims_due_idx", "git_integration_id", "requested_at", postgresql_where=text("claimed_at IS NULL")
    ),
)

# The addresses of members in crewkit, in lower case, and whether earlier commits with them are still to be found. They
# are a copy, because `users` belongs to crewkit and has no index for addresses. There are no foreign keys, because
# crewkit can delete users.
git_member_claims = Table(
    "git_member_claims",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("git_integration_id", BigInteger, primary_key=True, autoincrement=False),
    Column("address", String, nullable=False),
    Column("requested_at", Timestamp, nullable=False, server_default=func.now()),
    Column("claimed_at", Timestamp),
    *create_write_times(),
    Index("git_member_claims_address_idx", "git_integration_id", "address"),
    Index(
        "git_member_claims_due_idx", "git_integration_id", "requested_at", postgresql_where=text("claimed_at IS NULL")
    ),
)

# Tokens to revoke at the provider. They are encrypted, and deleted after the revocation.
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
    *create_write_times(),
    Index("git_token_revocations_account_idx", "provider", "provider_user_id"),
    Index("git_token_revocations_due_idx", "next_attempt_at"),
)


versions = Table(
    "versions",
    metadata,
    primary_key(),
    Column("item_type", String, nullable=False),
    Column("item_id", String, nullable=False),  # the item's external id
    # The organization and provider of the item; both null for a user's own items. There is no foreign key,
    # because the audit trail outlives the items.
    Column("organization_id", BigInteger),
    Column("provider", String),
    Column("event", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("request_id", String),
    Column("changes", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Index("versions_item_type_item_id_id_idx", "item_type", "item_id", "id"),
    Index(
        "versions_organization_id_id_idx", "organization_id", "id", postgresql_where=text("organization_id IS NOT NULL")
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    primary_key(),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("actor", String, nullable=False),
    Column("key", String, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("response", JSONB),
    Column("expires_at", Timestamp, nullable=False, index=True),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    UniqueConstraint("organization_id", "actor", "key"),
)

webhook_secret_uses = Table(
    "webhook_secret_uses",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("last_used_at", Timestamp, nullable=False),
)
