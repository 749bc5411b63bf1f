-- So many commits that someone wrote before they connected, amid as many of others; then they connect.
INSERT INTO git_commit_attributions (
    git_integration_id, repo_id, sha, role, address, name, kind, method
)
SELECT (SELECT min(id) FROM git_integrations), '1', md5('earlier ' || number) || '00000000', 'author',
    CASE number %% 2 WHEN 0 THEN 'newcomer@example.org' ELSE 'stranger-' || number || '@example.org' END,
    'Someone', 'none', 'unknown'
FROM generate_series(1, 2 * %(commits)s) AS number;

INSERT INTO users (external_id, email, name) VALUES (gen_random_uuid(), 'newcomer@example.org', 'Newcomer');

INSERT INTO memberships (user_id, organization_id, role)
SELECT users.id, (SELECT min(id) FROM organizations), 'member' FROM users WHERE name = 'Newcomer';

INSERT INTO user_git_connections (user_id, provider, provider_user_id, provider_username, external_id)
SELECT id, 'github', '910000001', 'newcomer', gen_random_uuid() FROM users WHERE name = 'Newcomer';

INSERT INTO user_git_emails (user_git_connection_id, email)
SELECT id, 'newcomer@example.org' FROM user_git_connections WHERE provider_username = 'newcomer';

INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id)
SELECT id, (SELECT min(id) FROM git_integrations)
FROM user_git_connections WHERE provider_username = 'newcomer';

ANALYZE;
