"""Create the tables of integrations, connections, catalog, links, events and versions."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0002"
down_revision = "0001"

_INTEGRATIONS = (
    """
    CREATE TABLE git_integrations (
        id bigserial PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        provider varchar NOT NULL,
        provider_id varchar NOT NULL,
        provider_name varchar,
        provider_url varchar,
        account_id varchar,
        account_type varchar,
        access_token varchar,
        token_expires_at timestamptz,
        token_lease_owner varchar,
        token_lease_until timestamptz,
        token_lease_generation bigint NOT NULL DEFAULT 0,
        permissions jsonb NOT NULL DEFAULT '{}',
        settings jsonb NOT NULL DEFAULT '{}',
        webhook_secret varchar,
        external_id uuid NOT NULL UNIQUE,
        status integer NOT NULL DEFAULT 0 CHECK (status IN (0, 1, 2)),
        status_reason varchar,
        status_changed_at timestamptz,
        repository_selection varchar,
        synced_at timestamptz,
        sync_requested_at timestamptz,
        uninstall_requested_at timestamptz,
        provider_updated_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (organization_id, provider)
    )
    """,
    """
    CREATE UNIQUE INDEX git_integrations_live_installation_idx
        ON git_integrations (provider, provider_id) WHERE status <> 2
    """,
    "CREATE INDEX git_integrations_provider_provider_id_idx ON git_integrations (provider, provider_id)",
    """
    CREATE TABLE git_flows (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        purpose varchar NOT NULL,
        provider varchar NOT NULL,
        user_id bigint NOT NULL REFERENCES users,
        organization_id bigint REFERENCES organizations,
        state_hash bytea NOT NULL UNIQUE,
        cookie_hash bytea NOT NULL,
        pkce_verifier varchar,
        return_to varchar,
        status varchar NOT NULL DEFAULT 'open',
        provider_user_id varchar,
        account_id varchar,
        expires_at timestamptz NOT NULL,
        consumed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE INDEX git_flows_awaiting_approval_idx
        ON git_flows (provider, provider_user_id, account_id) WHERE status = 'awaiting_approval'
    """,
    """
    CREATE TABLE git_token_leases (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        organization_id bigint NOT NULL REFERENCES organizations,
        git_integration_id bigint NOT NULL REFERENCES git_integrations,
        actor varchar NOT NULL,
        request_id varchar,
        reason varchar NOT NULL,
        repo_ids jsonb NOT NULL,
        permissions jsonb NOT NULL,
        access_token varchar,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE INDEX git_token_leases_git_integration_id_expires_at_idx
        ON git_token_leases (git_integration_id, expires_at)
    """,
)

_PEOPLE = (
    """
    CREATE TABLE user_git_connections (
        id bigserial PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users,
        provider varchar NOT NULL,
        provider_user_id varchar NOT NULL,
        provider_username varchar,
        provider_email varchar,
        provider_avatar_url varchar,
        access_token varchar,
        refresh_token varchar,
        token_expires_at timestamptz,
        token_lease_owner varchar,
        token_lease_until timestamptz,
        token_lease_generation bigint NOT NULL DEFAULT 0,
        scopes jsonb NOT NULL DEFAULT '[]',
        status varchar NOT NULL DEFAULT 'active',
        status_reason varchar,
        external_id uuid NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (user_id, provider),
        UNIQUE (provider, provider_user_id)
    )
    """,
    """
    CREATE TABLE user_git_emails (
        id bigserial PRIMARY KEY,
        user_git_connection_id bigint NOT NULL REFERENCES user_git_connections ON DELETE CASCADE,
        email varchar NOT NULL,
        is_primary boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (user_git_connection_id, email)
    )
    """,
    "CREATE INDEX user_git_emails_email_idx ON user_git_emails (email)",
)

_CATALOG = (
    """
    CREATE TABLE git_repositories (
        id bigserial PRIMARY KEY,
        git_integration_id bigint NOT NULL REFERENCES git_integrations,
        repo_id varchar NOT NULL,
        full_name varchar NOT NULL,
        url varchar,
        private boolean NOT NULL DEFAULT true,
        archived boolean NOT NULL DEFAULT false,
        fork boolean NOT NULL DEFAULT false,
        default_branch varchar,
        description text,
        language varchar,
        pushed_at timestamptz,
        provider_updated_at timestamptz,
        removed_at timestamptz,
        search_grams integer[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (git_integration_id, repo_id)
    ) WITH (fillfactor = 85)
    """,
    "CREATE INDEX git_repositories_search_grams_idx ON git_repositories USING gin (search_grams)",
    """
    CREATE TABLE project_repositories (
        id bigserial PRIMARY KEY,
        project_id bigint NOT NULL REFERENCES projects,
        git_integration_id bigint NOT NULL REFERENCES git_integrations,
        provider varchar NOT NULL,
        repo_id varchar NOT NULL,
        repo_full_name varchar NOT NULL,
        repo_url varchar,
        default_branch varchar NOT NULL DEFAULT 'main',
        webhooks_enabled boolean NOT NULL DEFAULT true,
        settings jsonb NOT NULL DEFAULT '{}',
        external_id uuid NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (project_id, provider)
    )
    """,
    """
    CREATE INDEX project_repositories_git_integration_id_repo_id_idx
        ON project_repositories (git_integration_id, repo_id)
    """,
    """
    CREATE TABLE git_commit_attributions (
        id bigserial PRIMARY KEY,
        git_integration_id bigint NOT NULL REFERENCES git_integrations,
        repo_id varchar NOT NULL,
        sha varchar NOT NULL,
        role varchar NOT NULL,
        address varchar NOT NULL,
        name varchar NOT NULL,
        username varchar,
        user_id bigint REFERENCES users,
        method varchar NOT NULL,
        committed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT git_commit_attributions_key UNIQUE (git_integration_id, repo_id, sha, role, address)
    )
    """,
)

_EVENTS = (
    """
    CREATE TABLE git_webhook_events (
        id bigserial PRIMARY KEY,
        git_integration_id bigint REFERENCES git_integrations,
        project_repository_id bigint REFERENCES project_repositories ON DELETE SET NULL,
        provider varchar NOT NULL,
        event_type varchar NOT NULL,
        delivery_id varchar NOT NULL,
        action varchar,
        installation_id bigint,
        repo_id varchar,
        lane smallint NOT NULL,
        source varchar NOT NULL DEFAULT 'received',
        payload bytea,
        payload_length integer NOT NULL,
        payload_sha256 bytea NOT NULL,
        status varchar NOT NULL DEFAULT 'pending',
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        verdicts jsonb,
        project_ids bigint[],
        error_message text,
        processed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (delivery_id, provider)
    )
    """,
    # This service compresses payloads; PostgreSQL could not compress them further.
    "ALTER TABLE git_webhook_events ALTER COLUMN payload SET STORAGE EXTERNAL",
    "CREATE INDEX git_webhook_events_pending_idx ON git_webhook_events (lane, id) WHERE status = 'pending'",
    """
    CREATE INDEX git_webhook_events_unrouted_idx
        ON git_webhook_events (installation_id) WHERE status = 'unrouted'
    """,
    "CREATE INDEX git_webhook_events_failed_idx ON git_webhook_events (id) WHERE status = 'failed'",
    """
    CREATE INDEX git_webhook_events_integration_idx
        ON git_webhook_events (git_integration_id, status, id) WHERE git_integration_id IS NOT NULL
    """,
    """
    CREATE INDEX git_webhook_events_project_repository_idx
        ON git_webhook_events (project_repository_id) WHERE project_repository_id IS NOT NULL
    """,
    """
    CREATE INDEX git_webhook_events_project_ids_idx
        ON git_webhook_events USING gin (project_ids) WHERE project_ids IS NOT NULL
    """,
    """
    CREATE TABLE git_domain_events (
        id bigserial PRIMARY KEY,
        type varchar NOT NULL,
        version smallint NOT NULL,
        organization_id bigint NOT NULL,
        project_id bigint,
        project_repository_id bigint,
        git_integration_id bigint,
        git_webhook_event_id bigint,
        repo_id varchar,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        data jsonb NOT NULL
    )
    """,
    """
    CREATE UNIQUE INDEX git_domain_events_once_idx
        ON git_domain_events (git_webhook_event_id, type, project_repository_id, repo_id)
        NULLS NOT DISTINCT WHERE git_webhook_event_id IS NOT NULL
    """,
)

_AUDIT = (
    """
    CREATE TABLE versions (
        id bigserial PRIMARY KEY,
        item_type varchar NOT NULL,
        item_id varchar NOT NULL,
        event varchar NOT NULL,
        actor varchar NOT NULL,
        request_id varchar,
        changes jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX versions_item_type_item_id_id_idx ON versions (item_type, item_id, id)",
    """
    CREATE TABLE idempotency_keys (
        id bigserial PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        actor varchar NOT NULL,
        key varchar NOT NULL,
        request_hash bytea NOT NULL,
        response jsonb,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (organization_id, actor, key)
    )
    """,
    "CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at)",
    """
    CREATE TABLE webhook_secret_uses (
        fingerprint varchar PRIMARY KEY,
        last_used_at timestamptz NOT NULL
    )
    """,
)

_NEWEST_FIRST = (
    "webhook_secret_uses",
    "idempotency_keys",
    "versions",
    "git_domain_events",
    "git_webhook_events",
    "git_commit_attributions",
    "project_repositories",
    "git_repositories",
    "user_git_emails",
    "user_git_connections",
    "git_token_leases",
    "git_flows",
    "git_integrations",
)


upgrade = create_upgrade(*_INTEGRATIONS, *_PEOPLE, *_CATALOG, *_EVENTS, *_AUDIT)

downgrade = create_downgrade(*(f"DROP TABLE {table}" for table in _NEWEST_FIRST))
