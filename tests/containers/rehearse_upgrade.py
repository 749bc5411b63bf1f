"""Upgrade, roll back and upgrade again in containers while requests arrive (`make upgrade-check`).

The steps are those of docs/upgrades.md. Prints the results of each step. Exits with an error if an
acknowledged delivery was not processed exactly once, a subscriber missed an event, a container logged an
error, or a request to two APIs failed.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

from entrypoints.development.tokens import TokenSigner
from tests.containers.load import Load
from tests.containers.stack import API_ADDRESSES, API_PORT, GRPC_PORT, Stack, run_stack
from tests.support.builders.deliveries import INSTALLATION
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, rsa_key
from tests.support.conditions import until, wait_until
from tests.support.scenarios.event_store import EventStore, open_events

PROCESSES = (*API_ADDRESSES, "grpc", "worker", "scheduler")
INSTALLATIONS = tuple(range(INSTALLATION, INSTALLATION + 4))
LINKS = 2
PAUSE_SECONDS = 10
_DOMAIN_EVENTS = """
SELECT d.id FROM git_domain_events AS d JOIN organizations AS o ON o.id = d.organization_id
WHERE o.external_id = %s ORDER BY d.id
"""
_WEBHOOK_EVENTS = """
SELECT e.delivery_id, e.status, (
    SELECT count(*) FROM git_domain_events AS d WHERE d.git_webhook_event_id = e.id AND d.type = 'git.push'
) FROM git_webhook_events AS e
"""
_ROOT_DIRECTORY = """
SELECT l.settings ->> 'root_directory' FROM project_repositories AS l
JOIN projects AS p ON p.id = l.project_id WHERE p.external_id = %s
"""


async def rehearse(old: str, new: str) -> list[str]:
    """Run all steps with images of the old and the new version, and return the problems."""
    with run_stack(old) as stack, open_events(stack.database_url) as event_store:
        load = _prepare(stack, event_store)
        sending = asyncio.create_task(load.run())
        await _step(load, "before the upgrade", time.sleep, PAUSE_SECONDS)
        await _step(load, "upgrade: migrate", stack.compose, new, "run", "--rm", "migrate")
        for title, image in (("upgrade", new), ("rollback", old), ("second upgrade", new)):
            for process in PROCESSES:
                await _step(load, f"{title}: {process}", stack.up, image, "--no-deps", process)
            await _step(load, f"{title}: afterwards", time.sleep, PAUSE_SECONDS)
        problems = [f"With two APIs: {problem}" for problem in _list_failed_requests(load)]
        load.urls = [f"http://127.0.0.1:{API_PORT}"]
        await _step(load, "compose up, one API: rollback", stack.up, old, "--no-deps", *PROCESSES)
        await _step(load, "compose up, one API: upgrade", stack.up, new)
        await _step(load, "only the API", stack.up, new, "--no-deps", "--force-recreate", "api")
        await _step(load, "at the end", time.sleep, PAUSE_SECONDS)
        await load.stop()
        wait_until(event_store.is_settled, seconds=60)
        domain_events = [event_id for (event_id,) in event_store.rows(_DOMAIN_EVENTS, (load.organization,))]
        with suppress(AssertionError):
            await until(lambda: _has_received(load, len(domain_events)), seconds=30)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        problems += _data_problems(load, event_store, domain_events)
        return problems + list(_log_problems(stack))


def _prepare(stack: Stack, event_store: EventStore) -> Load:
    for installation in INSTALLATIONS:
        event_store.connect_installation(installation, links=LINKS)
    organization, user = event_store.person("owner")
    project = event_store.value("SELECT external_id FROM projects ORDER BY id LIMIT 1")
    signer = TokenSigner(private_pem(rsa_key()), issuer=ISSUER, audience=AUDIENCE)
    return Load(
        webhook_secret=stack.secret,
        installations=INSTALLATIONS,
        organization=str(organization),
        project=str(project),
        user_token=signer.for_user(user),
        service_token=signer.for_service("rehearsal", ["git.read", "git.events"]),
        grpc_address=f"127.0.0.1:{GRPC_PORT}",
        urls=[f"http://{address}:3050" for address in API_ADDRESSES.values()],
    )


async def _step(load: Load, title: str, action: Callable[..., object], *arguments: object) -> None:
    load.step = title
    started = time.monotonic()
    await asyncio.to_thread(action, *arguments)
    ended = time.monotonic()
    times = [started, *(at for at in load.acknowledged_at if at > started), ended]
    longest = max(later - earlier for earlier, later in pairwise(times))
    counts = ", ".join(f"{count} {result}" for result, count in sorted(load.results[title].items()))
    _print(f"{title}: {ended - started:.0f} s, {longest:.1f} s without an acknowledged delivery; {counts}")


def _list_failed_requests(load: Load) -> Iterator[str]:
    """List the failed requests, except gRPC calls: there is only one gRPC process."""
    total = sum(load.results.values(), Counter())
    for result, count in total.items():
        if not result.startswith("call ") and not result.endswith((" 200", " 202")):
            yield f"{count} {result}"


async def _has_received(load: Load, count: int) -> bool:
    return min(len(load.rest_events), len(load.grpc_events)) >= count


def _data_problems(load: Load, event_store: EventStore, domain_events: list[int]) -> Iterator[str]:
    rows = event_store.rows(_WEBHOOK_EVENTS)
    results = {delivery_id: (status, count) for delivery_id, status, count in rows}
    _print(f"{len(load.acknowledged)} deliveries were acknowledged and {len(rows)} are stored.")
    _print(f"{len(load.root_directories)} updates. {len(domain_events)} domain events in the streams.")
    if missing := {delivery.id for delivery in load.acknowledged} - set(results):
        yield f"{len(missing)} acknowledged deliveries are not stored."
    if len(rows) != len(results):
        yield f"{len(rows) - len(results)} deliveries are stored twice."
    for result, count in Counter(results.values()).items():
        if result != ("processed", LINKS):
            yield f"{count} deliveries are {result[0]} with {result[1]} domain events."
    if (stored := event_store.value(_ROOT_DIRECTORY, (load.project,))) != load.root_directories[-1]:
        yield f"The stored setting is {stored}, and the last confirmed value is {load.root_directories[-1]}."
    for name, received in (("REST", load.rest_events), ("gRPC", load.grpc_events)):
        if received != domain_events:
            yield f"The {name} subscriber received {len(received)} of {len(domain_events)} events in order."


def _log_problems(stack: Stack) -> Iterator[str]:
    counts = Counter[str]()
    for text in stack.logs().splitlines():
        if text.startswith("{"):
            line = json.loads(text)
            if line["level"] != "info":
                keys = ("level", "event", "code", "reason", "error")
                counts[" ".join(str(line[key]) for key in keys if line.get(key))] += 1
    for line, count in counts.items():
        _print(f"{count} log lines: {line}")
        if line.startswith(("error", "critical")):
            yield f"{count} log lines: {line}"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit("\n".join(asyncio.run(rehearse(*sys.argv[1:3]))) or None)
