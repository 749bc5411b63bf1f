"""What goes wrong and what people do meanwhile, as a pure function of a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Disturbance(StrEnum):
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
    Disturbance.KILL_API: 3,
    Disturbance.KILL_WORKER_1: 3,
    Disturbance.KILL_WORKER_2: 3,
    Disturbance.KILL_SCHEDULER: 2,
    Disturbance.KILL_POSTGRES: 2,
    Disturbance.KILL_REDIS: 2,
    Disturbance.PROVIDER_DOWN: 2,
    Disturbance.PROVIDER_SLOW: 2,
    Disturbance.PROVIDER_LIMITED: 1,
    Disturbance.SUSPEND: 2,
    Disturbance.RENAME: 6,
    Disturbance.ARCHIVE: 3,
    Disturbance.CHOOSE: 4,
    Disturbance.LINK: 8,
}
_DELIVERIES_PER_DISTURBANCE = 120


@dataclass(frozen=True, slots=True)
class Step:
    """An action after a number of deliveries, its duration, and a number that chooses its target."""

    after: int
    disturbance: Disturbance
    seconds: float
    choice: int


def plan(seed: int, deliveries: int) -> list[Step]:
    """Return the steps in order: each kind of deed at least once, the rest as it comes."""
    drawn = random.Random(seed)
    count = max(deliveries // _DELIVERIES_PER_DISTURBANCE, len(Disturbance))
    disturbances = [*Disturbance, *drawn.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - len(Disturbance))]
    drawn.shuffle(disturbances)
    times = sorted(drawn.randrange(deliveries) for _ in disturbances)
    return [
        Step(after, disturbance, round(drawn.uniform(0.05, 1.0), 2), drawn.randrange(1000))
        for after, disturbance in zip(times, disturbances, strict=True)
    ]


def due(steps: list[Step], sent: int) -> Iterator[Step]:
    """Take out the steps that come after no more than so many deliveries."""
    while steps and steps[0].after <= sent:
        yield steps.pop(0)
