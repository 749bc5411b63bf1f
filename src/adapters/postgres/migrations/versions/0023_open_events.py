"""Events of a repository that failed or are not processed yet, so that they are listed under its projects."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0023"
down_revision = "0022"

upgrade = create_upgrade(
    """
    CREATE INDEX git_webhook_events_open_repo_idx
        ON git_webhook_events (git_integration_id, repo_id, id)
        WHERE status IN ('failed', 'pending') AND git_integration_id IS NOT NULL AND repo_id IS NOT NULL
"""
)

downgrade = create_downgrade("DROP INDEX git_webhook_events_open_repo_idx")
