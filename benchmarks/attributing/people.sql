-- Everyone is a member everywhere; those who connected have an account with a login and a verified address.
INSERT INTO users (external_id, email, name)
SELECT gen_random_uuid(), login || '@crewkit.example', login FROM unnest(%(logins)s::text[]) AS person (login);

INSERT INTO memberships (user_id, organization_id, role)
SELECT users.id, organizations.id, 'member' FROM users CROSS JOIN organizations
ON CONFLICT DO NOTHING;

INSERT INTO user_git_connections (user_id, provider, provider_user_id, provider_username, external_id)
SELECT users.id, 'github', account, login, gen_random_uuid()
FROM unnest(%(accounts)s::text[], %(logins)s::text[], %(connected)s::boolean[]) AS person (account, login, connected)
JOIN users ON users.name = person.login
WHERE person.connected;

INSERT INTO user_git_emails (user_git_connection_id, email)
SELECT user_git_connections.id, person.address
FROM unnest(%(logins)s::text[], %(addresses)s::text[]) AS person (login, address)
JOIN user_git_connections ON provider_username = person.login;

-- They did so long ago: nobody still looks for earlier commits.
INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id, claimed_at)
SELECT user_git_connections.id, git_integrations.id, now() FROM user_git_connections CROSS JOIN git_integrations
ON CONFLICT DO NOTHING;

INSERT INTO git_member_claims (user_id, git_integration_id, address, claimed_at)
SELECT memberships.user_id, git_integrations.id, users.email, now()
FROM git_integrations
JOIN memberships ON memberships.organization_id = git_integrations.organization_id
JOIN users ON users.id = memberships.user_id
ON CONFLICT DO NOTHING;

ANALYZE;
