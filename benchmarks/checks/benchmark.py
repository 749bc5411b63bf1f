"""Measure authentication and authorization, which every request needs, in this process."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.oso_policy.authorizer import OsoAuthorizer
from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from adapters.system import SystemClock
from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.common.crewkit import AUDIENCE, ISSUER
from benchmarks.machine import packages
from benchmarks.tables import spread, table
from core.domain.actors import ServiceActor, UserActor
from core.domain.identifiers import UserId
from core.domain.organizations import Role
from core.domain.permissions import AccessContext, Action
from core.use_cases.authorization import to_access_context

PERSON = "authorization of a user, cached"
SERVICE = "authorization of a service, cached"
COLD = "authorization, not cached (evaluated by Oso)"
TOKEN = "token check, cached"
COLD_TOKEN = "token check, not cached (RS256 verification)"

_BATCHES = 20
_WARM, _FEW = 20_000, 200

_METHOD = """\
The benchmark uses the real policy files and the real token verifier. An authorization starts with the
caller and its role, collects the facts that the policy needs, and decides. A decision for known facts comes
from a cache. A known token is found in a cache by its SHA-256 hash. Each figure is the best of 20 batches.
The batches of all checks run in turns."""

Act = tuple[Callable[[int], None], int]
"""A function that runs a check n times, and the n of a batch."""


def run(stage: Stage) -> Report:
    """Let all checks take turns."""
    acts = {**_authorizations(), **_tokens()}
    results: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(stage.repetitions):
        batches: dict[str, list[float]] = {name: [] for name in acts}
        for _ in range(_BATCHES):
            for name, act in acts.items():
                batches[name].append(_measure(act))
        for name, found in batches.items():
            results[name].append(min(found))
    rows = [(name, spread(figures, digits=2)) for name, figures in results.items()]
    body = f"{_METHOD}\n\n{table(('', 'CPU µs'), rows)}"
    return Report(check(results), body, [packages("oso", "pyjwt", "cryptography")])


def check(results: Mapping[str, Sequence[float]]) -> Sequence[Demand]:
    """Check the demands on both."""
    warm, token = max(median(results[PERSON]), median(results[SERVICE])), median(results[TOKEN])
    return (
        Demand("cached authorization takes at most 1 µs", f"{warm:.2f} µs", warm <= 1),
        Demand("cached token check takes at most 2 µs", f"{token:.2f} µs", token <= 2),
    )


def _measure(act: Act) -> float:
    run_it, times = act
    before = time.process_time()
    run_it(times)
    return (time.process_time() - before) / times * 1_000_000


def _authorizations() -> Mapping[str, Act]:
    authorizer, unseen = OsoAuthorizer(), count()
    person = UserActor(UserId(1), uuid4())
    service = ServiceActor("ci", frozenset({"git.read", "git.link"}))

    def of_person(times: int) -> None:
        for _ in range(times):
            authorizer.allows(to_access_context(person, Role.MEMBER), Action.LINK)

    def of_service(times: int) -> None:
        for _ in range(times):
            authorizer.allows(to_access_context(service, None), Action.LINK)

    def cold(times: int) -> None:
        for _ in range(times):
            scopes = frozenset({"git.read", f"unseen.{next(unseen)}"})
            authorizer.allows(AccessContext(scopes=scopes), Action.READ)

    return {PERSON: (of_person, _WARM), SERVICE: (of_service, _WARM), COLD: (cold, _FEW)}


def _tokens() -> Mapping[str, Act]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(uuid4()), "iat": now, "exp": now + timedelta(hours=1)}
    # A verifier that remembers one token verifies each of two alternating tokens again.
    first, second = (jwt.encode(claims | {"jti": str(number)}, key, algorithm="RS256") for number in (1, 2))

    def build_verification(*tokens: str) -> Callable[[int], None]:
        verifier = JwtVerifier(PinnedKey(public), SystemClock(), issuer=ISSUER, audience=AUDIENCE, most_remembered=1)

        async def verify(times: int) -> None:
            for number in range(times):
                await verifier.verify(tokens[number % len(tokens)])

        return lambda times: asyncio.run(verify(times))

    return {TOKEN: (build_verification(first), _WARM), COLD_TOKEN: (build_verification(first, second), _FEW)}


BENCHMARK = Benchmark("Authentication and authorization", run)
