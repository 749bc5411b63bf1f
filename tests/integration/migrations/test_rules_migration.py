"""Links that existed before rules receive what they received before, and their audit trail shows it."""

import psycopg

from adapters.postgres.migrate import downgrade, migrate
from core.domain.rules.rules import Rules, read_rules

_BEFORE, _AFTER = "0025", "0026"
_SEED = """
    INSERT INTO organizations (external_id, name) VALUES (gen_random_uuid(), 'Acme');
    INSERT INTO projects (external_id, organization_id, name)
        SELECT gen_random_uuid(), id, 'Project ' || number FROM organizations, generate_series(1, 3) AS number;
    INSERT INTO git_integrations (organization_id, provider, provider_id, external_id)
        SELECT id, 'github', '1', gen_random_uuid() FROM organizations;
    INSERT INTO project_repositories (
        external_id, project_id, git_integration_id, provider, repo_id, repo_full_name, settings
    )
        SELECT gen_random_uuid(), p.id, i.id, 'github', '1', 'acme/widgets',
            (ARRAY['{}', '{"root_directory": "apps/a"}', '{"rules": {"bots": "ignore"}}'])[
                row_number() OVER (ORDER BY p.id)
            ]::jsonb
        FROM projects AS p, git_integrations AS i
"""


def test_existing_links_keep_receiving_pushes_with_a_skip_marker(empty_url: str) -> None:
    """Each changed link has one version. Rules that users chose stay, also if the migration runs again."""
    migrate(empty_url, _BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute(_SEED)
    for _ in range(2):
        migrate(empty_url, _AFTER)
        with psycopg.connect(empty_url) as connection:
            rows = connection.execute("SELECT settings FROM project_repositories ORDER BY project_id").fetchall()
            versions = connection.execute(
                """
                SELECT v.event, v.actor, v.changes, v.organization_id = p.organization_id, v.provider
                FROM versions AS v
                JOIN project_repositories AS l ON l.external_id::text = v.item_id AND v.item_type = 'link'
                JOIN projects AS p ON p.id = l.project_id
                ORDER BY p.id
                """
            ).fetchall()
        assert [settings for (settings,) in rows] == [
            {"rules": {"skip_markers": False}},
            {"root_directory": "apps/a", "rules": {"skip_markers": False}},
            {"rules": {"bots": "ignore"}},
        ]
        assert versions == [
            ("updated", "system:migration", {"settings": [before, after]}, True, "github")
            for before, (after,) in zip(({}, {"root_directory": "apps/a"}), rows[:2], strict=True)
        ]
        downgrade(empty_url, _BEFORE)
    assert read_rules(rows[0][0]["rules"]) == Rules(skip_markers=False)
    assert read_rules(rows[1][0]["rules"]).list_path_patterns("apps/a") == ("apps/a/**",)
