"""Real payloads of every event, replayed through a real API and worker, each end decided, with a reason."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attribution.attribution import Method, Role
from core.domain.events.event import Outcome
from core.domain.rules.decision import RuleReason
from core.domain.rules.rules import PlainRules
from core.domain.secret import Secret
from core.domain.streams.domain_event import PushData
from entrypoints.cli.replay import Replay, Target
from tests.support.builders.deliveries import ROOT, SECRET
from tests.support.builders.domain import INSTALLATION, LAUNCHPAD, link
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.scenarios.processing import Processing
from tests.support.servers.service import Service, run_service

IN_THE_REPOSITORY = (
    ROOT / "tests/data/webhooks/octokit",
    ROOT / "tests/data/webhooks/own",
    ROOT / "deploy/demo/payloads",
)


@pytest.fixture
def folders(pytestconfig: pytest.Config) -> Sequence[Path]:
    """Give the folder that was named, else those in the repository."""
    named: Path | None = pytestconfig.getoption("--corpus")
    return IN_THE_REPOSITORY if named is None else (named,)


def distinct(folders: Sequence[Path]) -> set[tuple[str, bytes]]:
    """Read all payloads: the event, which is the folder's name, and the body."""
    files = [path for folder in folders for path in folder.rglob("*.json")]
    return {(path.parent.name, path.read_bytes()) for path in files}


def connect_every_other_installation(event_store: EventStore, payloads: set[tuple[str, bytes]]) -> None:
    """Connect half of the installations in the payloads, the most frequent one first."""
    repositories: dict[int, set[int]] = defaultdict(set)
    frequency: Counter[int] = Counter()
    for payload in (json.loads(body) for _, body in payloads):
        if installation := payload.get("installation"):
            frequency[installation["id"]] += 1
            if repository := payload.get("repository"):
                repositories[installation["id"]].add(repository["id"])
    for installation, _ in sorted(frequency.most_common(), key=lambda item: (-item[1], item[0]))[::2]:
        event_store.connect_installation(installation, sorted(repositories[installation]) or [1])


async def replay_all(service: Service, folders: Sequence[Path]) -> Counter[str]:
    """Replay all, sixteen at a time, and count the answers."""
    return await Replay(Target(service.url, Secret(SECRET)), concurrency=16).send(folders)


async def test_stores_and_processes_every_payload_once(
    database_url: str,
    redis_url: str,
    folders: Sequence[Path],
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two concurrent replays and a later one: one row per payload, none failed, no 5xx."""
    payloads = distinct(folders)
    assert payloads
    with open_events(database_url) as event_store:
        connect_every_other_installation(event_store, payloads)
        with run_service(database_url, redis_url, "api", "worker", "scheduler") as service:
            both = await asyncio.gather(replay_all(service, folders), replay_all(service, folders))
            answers = both[0] + both[1]
            assert set(answers) == {"202 accepted", "200 duplicate"}
            # A delivery that was ignored or unrouted meanwhile is processed again when it comes again.
            assert answers["202 accepted"] >= len(payloads)
            wait_until(event_store.is_settled)
            assert set(await replay_all(service, folders)) == {"202 accepted", "200 duplicate"}
            wait_until(event_store.is_settled)

        assert event_store.is_settled()
        assert event_store.statuses().total() == len(payloads)
        assert set(event_store.statuses()) == {"processed", "ignored", "unrouted"}
        assert not event_store.rows(
            "SELECT event_type, action, status FROM git_webhook_events"
            " WHERE error_message IS NULL AND coalesce(jsonb_array_length(verdicts), 0) = 0"
        )
        assert event_store.value("SELECT count(*) FROM git_domain_events") > 0
        counted = ", ".join(f"{count} {status}" for status, count in sorted(event_store.statuses().items()))
    if pytestconfig.getoption("--corpus"):
        with capsys.disabled():
            pytestconfig.get_terminal_writer().line(f"{len(payloads)} payloads, as many rows: {counted}")


async def test_attributes_every_author_of_the_corpus(folders: Sequence[Path]) -> None:
    """Each commit of pushes and pull requests has an author with a reason."""
    processing = Processing()
    processing.connect()
    commits = 0
    for event, body in sorted(distinct(folders)):
        if event in ("push", "pull_request"):
            payload = json.loads(body)
            payload["installation"] = {"id": INSTALLATION}
            payload["repository"]["id"] = int(LAUNCHPAD)
            await processing.deliver(event, payload)
            commits += len({commit["id"] for commit in payload.get("commits", ())})
    await processing.drain()
    assert set(processing.statuses()) == {"processed"}
    rows = processing.database.committed.attributions.values()
    authors = {row.attribution.sha for row in rows if row.attribution.role is Role.AUTHOR}
    assert 0 < len(authors) <= commits
    assert {row.method for row in rows} <= {Method.UNKNOWN, Method.BOT}
    published = [fact.data for fact in processing.facts()]
    pushed = {commit.sha for data in published if isinstance(data, PushData) for commit in data.commits}
    assert pushed <= authors


RULE_SETS: Sequence[PlainRules] = (
    {"branches": ["main", "master", "release/**"], "tags": ["v*"], "pull_requests": {"drafts": False}},
    {"paths": ["src/**", "**/*.md", "!docs/**"], "bots": "ignore", "pull_requests": {"forks": "ignore"}},
    {"events": ["push"], "tags": None, "paths": ["apps/a/**"], "skip_markers": False},
)


async def test_decides_every_push_and_pull_request_by_three_rule_sets(
    folders: Sequence[Path], pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """No event fails, and each verdict has a reason of the rules. The event reaches the links that select it."""
    links = tuple(replace(link(number), settings={"rules": rules}) for number, rules in enumerate(RULE_SETS, start=1))
    processing = Processing()
    processing.connect(links=links)
    ids = []
    for event, body in sorted(distinct(folders)):
        if event in ("push", "pull_request"):
            payload = json.loads(body)
            payload["installation"] = {"id": INSTALLATION}
            payload["repository"]["id"] = int(LAUNCHPAD)
            ids.append(await processing.deliver(event, payload))
    await processing.drain()
    events = [processing.event(delivery_id) for delivery_id in ids]
    reasons = {reason.value for reason in RuleReason}
    assert all(
        [verdict.project_id for verdict in event.verdicts] == [link.project_external_id for link in links]
        for event in events
    )
    assert all(verdict.reason in reasons for event in events for verdict in event.verdicts)
    published = Counter(fact.project_id for fact in processing.facts())
    for position, selected in enumerate(links):
        outcomes = Counter(event.verdicts[position].outcome for event in events)
        assert published[selected.project_id] == outcomes[Outcome.PROCESSED]
    if pytestconfig.getoption("--corpus"):
        with capsys.disabled():
            for position, rules in enumerate(RULE_SETS):
                counted = Counter(event.verdicts[position].reason for event in events)
                pytestconfig.get_terminal_writer().line(f"{len(events)} events, {rules}: {dict(counted)}")
