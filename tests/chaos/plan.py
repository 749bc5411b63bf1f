"""What goes wrong and what people do meanwhile, as a pure function of a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Deed(StrEnum):
    """One thing that happens while deliveries come in."""

    KILL_API = "kill the API"
    KILL_WORKER_1 = "kill a worker"
    KILL_WORKER_2 = "kill the other worker"
    KILL_SCHEDULER = "kill the scheduler"
    KILL_POSTGRES = "kill PostgreSQL"
    KILL_REDIS = "kill Redis"
    PROVIDER_DOWN = "GitHub answers 502"
    PROVIDER_SLOW = "GitHub answers late"
    PROVIDER_LIMITED = "GitHub asks to slow down"
    SUSPEND = "an owner suspends the app for a while"
    RENAME = "a repository is renamed"
    ARCHIVE = "a repository is archived or taken out of the archive"
    CHOOSE = "an owner takes a repository away or gives it back"
    LINK = "a project is linked or unlinked"


# How often each comes, against the others. Servers come back in a second, so that time is left for work.
_WEIGHTS = {
    Deed.KILL_API: 3,
    Deed.KILL_WORKER_1: 3,
    Deed.KILL_WORKER_2: 3,
    Deed.KILL_SCHEDULER: 2,
    Deed.KILL_POSTGRES: 2,
    Deed.KILL_REDIS: 2,
    Deed.PROVIDER_DOWN: 2,
    Deed.PROVIDER_SLOW: 2,
    Deed.PROVIDER_LIMITED: 1,
    Deed.SUSPEND: 2,
    Deed.RENAME: 6,
    Deed.ARCHIVE: 3,
    Deed.CHOOSE: 4,
    Deed.LINK: 8,
}
_DELIVERIES_PER_DEED = 120


@dataclass(frozen=True, slots=True)
class Step:
    """An action after a number of deliveries, its duration, and a number that chooses its target."""

    after: int
    deed: Deed
    seconds: float
    choice: int


def plan(seed: int, deliveries: int) -> list[Step]:
    """Return the steps in order: each kind of deed at least once, the rest as it comes."""
    drawn = random.Random(seed)
    count = max(deliveries // _DELIVERIES_PER_DEED, len(Deed))
    deeds = [*Deed, *drawn.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - len(Deed))]
    drawn.shuffle(deeds)
    times = sorted(drawn.randrange(deliveries) for _ in deeds)
    return [
        Step(after, deed, round(drawn.uniform(0.05, 1.0), 2), drawn.randrange(1000))
        for after, deed in zip(times, deeds, strict=True)
    ]


def due(steps: list[Step], sent: int) -> Iterator[Step]:
    """Take out the steps that come after no more than so many deliveries."""
    while steps and steps[0].after <= sent:
        yield steps.pop(0)
