"""Checks at the end: events, effects, catalog and links equal GitHub's state."""

import json
from collections import Counter
from typing import Any

import psutil

from tests.chaos.stage import ACCOUNT, Stage
from tests.support.conditions import all_ended, wait_until
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.sandbox import INSTALLATION

_UNSETTLED = "SELECT status, count(*) FROM git_webhook_events WHERE status IN ('pending', 'failed') GROUP BY 1"
# For each push as many facts as links it was delivered for, each of another link.
_PUBLISHED_OTHERWISE = """
SELECT e.delivery_id, e.verdicts, published.facts, published.links
FROM git_webhook_events AS e
CROSS JOIN LATERAL (
    SELECT count(*) AS facts, count(DISTINCT d.project_repository_id) AS links
    FROM git_domain_events AS d WHERE d.git_webhook_event_id = e.id AND d.type = 'git.push'
) AS published
CROSS JOIN LATERAL (
    SELECT count(*) AS wanted FROM jsonb_array_elements(e.verdicts) AS v
    WHERE v ->> 'subject' = 'link' AND v ->> 'outcome' = 'processed'
) AS decided
WHERE e.event_type = 'push' AND (published.facts <> decided.wanted OR published.facts <> published.links)
"""
_PUBLISHED_PUSHES = """
SELECT d.data ->> 'repo_id', count(*) FROM git_domain_events AS d
JOIN project_repositories AS l ON l.id = d.project_repository_id
JOIN projects AS p ON p.id = l.project_id
WHERE d.type = 'git.push' AND p.name LIKE 'Project %%' GROUP BY 1
"""
_CATALOG = """
SELECT repo_id, full_name, archived, private FROM git_repositories WHERE removed_at IS NULL ORDER BY repo_id
"""
_LINKS = """
SELECT p.external_id, p.name, l.repo_id, l.repo_full_name
FROM projects AS p LEFT JOIN project_repositories AS l ON l.project_id = p.id
"""
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'crewkit-git'"


def check_events(stage: Stage, event_store: EventStore) -> int:
    """Check that every delivery in GitHub's log is kept once and settled; return how many there are."""
    sent = Counter(one.guid for one in stage.both.attempts())
    kept = event_store.delivery_ids()
    assert len(kept) == len(set(kept))
    assert set(sent) - set(kept) == set(), "lost"
    assert set(kept) - set(sent) == set(), "made up"
    assert event_store.rows(_UNSETTLED) == []
    return len(kept)


def check_effects(stage: Stage, event_store: EventStore) -> int:
    """Check that each push has one domain event for each project it was decided for; return their number.

    A project that was linked all the time has a domain event for every push that GitHub sent while the
    integration was active.
    """
    assert event_store.rows(_PUBLISHED_OTHERWISE) == []
    published = {int(repo_id): count for repo_id, count in event_store.rows(_PUBLISHED_PUSHES)}
    sent = Counter(_repository(one.body) for one in stage.both.attempts() if one.event == "push")
    passed_over = Counter(
        int(repo_id)
        for (repo_id,) in event_store.rows(
            "SELECT repo_id FROM git_webhook_events WHERE event_type = 'push' AND status = 'ignored'"
            " AND error_message = 'integration_suspended'"
        )
    )
    for repo_id in stage.steady:
        assert published.get(repo_id, 0) + passed_over[repo_id] == sent[repo_id], repo_id
    return sum(published.values())


def check_catalog(stage: Stage, event_store: EventStore) -> None:
    """Check that the catalog is what the installation covers."""
    world = stage.both.sandbox.data
    covered = world.list_covered(world.installations[INSTALLATION])
    truth = sorted((str(one.id), f"{ACCOUNT}/{one.name}", one.archived, one.private) for one in covered)
    assert event_store.rows(_CATALOG) == truth


def check_links(stage: Stage, event_store: EventStore) -> None:
    """Check that projects are linked to what the last answer said, under the names of now."""
    world = stage.both.sandbox.data
    for project, name, repo_id, full_name in event_store.rows(_LINKS):
        if repo_id is not None:
            assert full_name == f"{ACCOUNT}/{world.repositories[int(repo_id)].name}", name
        if project in stage.projects:
            wanted = stage.wanted.get(project)
            assert repo_id == (None if wanted is None else str(wanted)), name
        else:
            assert repo_id is not None, name


def check_leaks(stage: Stage, event_store: EventStore) -> int:
    """Stop the service and check that no process and no connection of it is left; return how many it had."""
    roots = [psutil.Process(pid) for pid in stage.both.service.pids()]
    assert roots
    processes = [process for root in roots for process in (root, *root.children(recursive=True))]
    most = event_store.value(_CONNECTIONS)
    stage.both.service.stop()
    wait_until(lambda: all_ended(processes), seconds=30)
    wait_until(lambda: event_store.value(_CONNECTIONS) == 0, seconds=30)
    return int(most)


def _repository(body: bytes) -> int:
    payload: dict[str, Any] = json.loads(body)
    return int(payload["repository"]["id"])
