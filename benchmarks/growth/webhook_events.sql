-- Fill the ledger as if so many pushes and other events had been received and processed over the last eight days.
INSERT INTO git_webhook_events (
    provider, event_type, delivery_id, installation_id, repo_id, lane, source, payload, payload_length,
    payload_sha256, status, attempts, verdicts, git_integration_id, project_repository_id, project_ids,
    created_at, processed_at, updated_at
)
SELECT 'github', CASE WHEN number %% 10 < 8 THEN 'push' ELSE 'pull_request' END, gen_random_uuid()::text,
    i.provider_id::bigint, l.repo_id, number %% 32, 'received', decode(repeat(md5(number::text), 12), 'hex'),
    7600, sha256(number::text::bytea), CASE WHEN number %% 10 < 9 THEN 'processed' ELSE 'ignored' END, 1,
    '[{"link": "a link", "verdict": "recorded"}]', i.id, CASE WHEN number %% 10 < 9 THEN l.id END,
    CASE WHEN number %% 10 < 9 THEN ARRAY[l.project_id] END, at.time, at.time, at.time
FROM generate_series(1, %(rows)s) AS number
JOIN git_integrations AS i ON i.id = 1 + number %% (SELECT count(*) FROM git_integrations)
JOIN project_repositories AS l ON l.git_integration_id = i.id
CROSS JOIN LATERAL (SELECT now() - interval '8 days' * (1 - number / %(rows)s::float) AS time) AS at
ORDER BY number;

INSERT INTO git_domain_events (
    type, version, organization_id, project_id, project_repository_id, git_integration_id, git_webhook_event_id,
    repo_id, occurred_at, recorded_at, data
)
SELECT 'git.push', 1, i.organization_id, l.project_id, l.id, i.id, e.id, e.repo_id, e.created_at, e.created_at,
    jsonb_build_object('ref', 'refs/heads/main', 'after', md5(e.id::text), 'commits', '[]'::jsonb)
FROM git_webhook_events AS e
JOIN git_integrations AS i ON i.id = e.git_integration_id
JOIN project_repositories AS l ON l.id = e.project_repository_id
ORDER BY e.id;

INSERT INTO git_commit_attributions (
    git_integration_id, repo_id, sha, role, address, name, method, committed_at, kind
)
SELECT e.git_integration_id, e.repo_id, md5(e.id::text) || left(md5(e.id::text), 8), 'author',
    'person-' || e.id %% 5000 || '@acme.example', 'A Person', 'none', e.created_at, 'none'
FROM git_webhook_events AS e
WHERE e.project_repository_id IS NOT NULL
ORDER BY e.id;
