-- For each installation an organization with an active integration, one repository, and a project linked to it.
INSERT INTO organizations (external_id, name)
SELECT gen_random_uuid(), 'Organization ' || number FROM generate_series(1, %(installations)s) AS number;

INSERT INTO projects (external_id, organization_id, name)
SELECT gen_random_uuid(), id, 'Project' FROM organizations;

INSERT INTO git_integrations (organization_id, provider, provider_id, provider_name, external_id)
SELECT id, 'github', %(first_installation)s - 1 + id, name, gen_random_uuid() FROM organizations;

INSERT INTO git_repositories (git_integration_id, repo_id, full_name, default_branch, search_grams)
SELECT id, %(first_repository)s - 1 + organization_id, %(full_name)s, 'main', '{}' FROM git_integrations;

INSERT INTO project_repositories (project_id, git_integration_id, provider, repo_id, repo_full_name, external_id)
SELECT projects.id, git_integrations.id, 'github', git_repositories.repo_id, full_name, gen_random_uuid()
FROM git_integrations
JOIN git_repositories ON git_integration_id = git_integrations.id
JOIN projects USING (organization_id);

-- Whoever pushes has connected their account, and is a member everywhere.
INSERT INTO users (external_id, email, name) VALUES (gen_random_uuid(), 'pusher@example.org', 'Pusher');

INSERT INTO memberships (user_id, organization_id, role)
SELECT users.id, organizations.id, 'member' FROM users CROSS JOIN organizations;

INSERT INTO user_git_connections (user_id, provider, provider_user_id, provider_username, external_id)
SELECT id, 'github', %(account)s, %(login)s, gen_random_uuid() FROM users;

INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id, claimed_at)
SELECT user_git_connections.id, git_integrations.id, now() FROM user_git_connections CROSS JOIN git_integrations;
