"""Rules of links: a link that exists keeps receiving pushes with a skip marker, which a new link ignores.

Nothing else is stored: without a rule for paths, a link with a root directory receives the pushes that change files
below it. Each link has a version, so that its audit trail shows from when its rules apply. The downgrade keeps the
rules: the release before ignores them, and users may have changed them.
"""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0026"
down_revision = "0025"

upgrade = create_upgrade(
    """
    WITH changed AS (
        UPDATE project_repositories AS l
        SET settings = before.settings || '{"rules": {"skip_markers": false}}', updated_at = now()
        FROM project_repositories AS before
        JOIN projects AS p ON p.id = before.project_id
        WHERE before.id = l.id AND NOT before.settings ? 'rules'
        RETURNING l.external_id, p.organization_id, l.provider, before.settings AS earlier, l.settings
    )
    INSERT INTO versions (item_type, item_id, organization_id, provider, event, actor, changes)
    SELECT 'link', external_id::text, organization_id, provider, 'updated', 'system:migration',
        jsonb_build_object('settings', jsonb_build_array(earlier, settings))
    FROM changed
    """
)

downgrade = create_downgrade()
