"""Everything that can be killed is killed, again and again, while deliveries come in: `make chaos`."""

import asyncio
import os
import random
import sys
import time
from collections import Counter

from tests.chaos.plan import Step, due, plan
from tests.chaos.stage import Stage, open_stage
from tests.chaos.truth import check_catalog, check_effects, check_events, check_leaks, check_links
from tests.support.scenarios.event_store import open_events

_BATCH = 10
# So slow that servers are up for longer than they are down.
_PER_SECOND = 120
_RUNS = 30
# A list that was just read is not read again at once: see `sync_cooling_down`.
_HOUR_LATER = "UPDATE git_integrations SET synced_at = synced_at - interval '1 hour'"


async def test_loses_nothing_and_repeats_nothing() -> None:
    """Acknowledged deliveries are stored, each effect happens once, and the catalog equals GitHub."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    deliveries = int(os.environ.get("DELIVERIES") or 1500)
    _say(f"seed {seed}, {deliveries} deliveries")
    steps = plan(seed, deliveries)
    began = time.monotonic()
    async with open_stage() as stage:
        await _push_amid(stage, steps, deliveries, random.Random(seed))
        missed = Counter(one.status for one in stage.both.attempts())
        pushing = time.monotonic() - began
        await _recover(stage)
        with open_events(stage.postgres.url) as event_store:
            await stage.both.until(event_store.is_settled, seconds=120)
            event_store.run(_HOUR_LATER)
            await stage.sync()
            kept = check_events(stage, event_store)
            facts = check_effects(stage, event_store)
            check_catalog(stage, event_store)
            check_links(stage, event_store)
            connections = await asyncio.to_thread(check_leaks, stage, event_store)
        disturbances = ", ".join(f"{count} x {disturbance}" for disturbance, count in sorted(stage.done.items()))
        _say(
            f"seed {seed}: {kept} deliveries kept, {missed['OK']} acknowledged at first, "
            f"{kept - missed['OK']} recovered, {facts} pushes published; {connections} connections at the end; "
            f"{pushing:.0f} s of disturbances, {time.monotonic() - began:.0f} s in all; {disturbances}"
        )


def _say(words: str) -> None:
    sys.stdout.write(f"\nchaos: {words}\n")
    sys.stdout.flush()


async def _push_amid(stage: Stage, steps: list[Step], deliveries: int, drawn: random.Random) -> None:
    """Push until GitHub has sent so many deliveries. Suspended or removed repositories have none."""
    while (sent := len(stage.both.attempts())) < deliveries:
        for step in due(steps, sent):
            stage.begin(step)
        begun = time.monotonic()
        await stage.push(drawn.choice([*stage.steady, *stage.open()]), _BATCH)
        await asyncio.sleep(max(0.0, _BATCH / _PER_SECOND - (time.monotonic() - begun)))
    await stage.calm()
    await stage.both.sandbox.wait_for_deliveries()


async def _recover(stage: Stage) -> None:
    """Fetch from GitHub's log what did not arrive, as the scheduler would in the minutes after."""
    stage.both.let_age()
    for _ in range(_RUNS):
        status, said = await stage.both.run("recover-deliveries", "--since", "1d")
        if status == 0:
            return
    raise AssertionError(said)
