"""A fleet of the service's processes at a sandbox GitHub, on servers that can be killed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx

from sandbox.faults import Fault, FaultKind
from tests.chaos.plan import Disturbance, Step
from tests.support.servers.sandbox import INSTALLATION, MARA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox
from tests.support.servers.stoppable_servers import Breakable, breakable_postgres, breakable_redis

ACCOUNT = "acme-rockets"
PROCESSES = ("api", "worker-1", "worker-2", "scheduler")
_KILLS = {
    Disturbance.KILL_API: "api",
    Disturbance.KILL_WORKER_1: "worker-1",
    Disturbance.KILL_WORKER_2: "worker-2",
    Disturbance.KILL_SCHEDULER: "scheduler",
}
_FAULTS = {
    Disturbance.PROVIDER_DOWN: Fault(FaultKind.ERROR, status=502),
    Disturbance.PROVIDER_SLOW: Fault(FaultKind.LATENCY, seconds=0.5),
    Disturbance.PROVIDER_LIMITED: Fault(FaultKind.SECONDARY_LIMIT, seconds=2, status=429),
}
PROJECTS = 4
_SPARE_PROJECTS = """
INSERT INTO projects (external_id, organization_id, name)
SELECT gen_random_uuid(), organization.id, 'Spare ' || number
FROM (SELECT id FROM organizations ORDER BY id LIMIT 1) AS organization, generate_series(1, %s) AS number
RETURNING external_id
"""
# What has no answer yet is asked again under the same key until it has one.
_PATIENCE_SECONDS = 90


@dataclass
class Stage:
    """Everything there is, and what was done so far."""

    both: ServiceAtSandbox
    postgres: Breakable
    redis: Breakable
    caller: httpx.AsyncClient
    steady: list[int]
    """Repositories whose projects stay linked from first to last; nothing is done to them but pushes."""

    moved: list[int]
    """Repositories that are renamed, archived, removed and added again."""

    projects: list[UUID]
    """Projects that are linked and unlinked."""

    wanted: dict[UUID, int | None] = field(default_factory=dict)
    """The repository each of them is linked to, by the last answer that we had."""

    pushed: Counter[int] = field(default_factory=Counter)
    done: Counter[Disturbance] = field(default_factory=Counter)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def push(self, repo_id: int, count: int) -> None:
        """Let somebody push so often."""
        await self.both.sandbox.control("POST", "/pushes", repository=self.full_name(repo_id), count=count)
        self.pushed[repo_id] += count

    def begin(self, step: Step) -> None:
        """Let a deed take place beside everything else."""
        task = asyncio.create_task(self._do(step), name=step.disturbance)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        self.done[step.disturbance] += 1

    async def sync(self) -> None:
        """Request a sync of the catalog, and return when it is done."""

        async def is_accepted() -> bool:
            answer = await self.caller.post("/git-integrations/github/sync")
            assert answer.is_success or answer.json()["code"] == "sync_cooling_down", answer.text
            return answer.is_success

        await self.both.wait(is_accepted, 60)
        await self.wait_for_sync()

    async def wait_for_sync(self) -> None:
        """Return when the catalog is as current as it is asked to be."""

        async def is_read() -> bool:
            shown = (await self.caller.get("/git-integrations/github")).json()
            assert shown["status"] == "active", shown
            return bool(shown["sync"]["state"] == "idle")

        await self.both.wait(is_read, 60)

    async def calm(self) -> None:
        """Return when every deed is over and everything is up again; raises what one of them raised."""
        while self.running:
            await asyncio.gather(*self.running)

    def open(self) -> list[int]:
        """Return those of the moved that may be pushed to just now."""
        world = self.both.sandbox.data
        return [one for one in self.moved if not world.repositories[one].archived]

    def full_name(self, repo_id: int) -> str:
        """Return what a repository is called now."""
        return f"{ACCOUNT}/{self.both.sandbox.data.repositories[repo_id].name}"

    async def _do(self, step: Step) -> None:
        disturbance = step.disturbance
        # Two of a kind come one after the other: nobody kills what is dead already.
        async with self._turns.setdefault(_describe_target(step), asyncio.Lock()):
            if disturbance in _KILLS:
                await self._kill(_KILLS[disturbance], step.seconds)
            elif disturbance is Disturbance.KILL_POSTGRES:
                await self._restart(self.postgres, step.seconds)
            elif disturbance is Disturbance.KILL_REDIS:
                await self._restart(self.redis, step.seconds)
            elif disturbance in _FAULTS:
                await self._fault(_FAULTS[disturbance], step.seconds)
            elif disturbance is Disturbance.SUSPEND:
                await self._act("suspend", installation=INSTALLATION)
                # GitHub's times have whole seconds. The order within a second cannot be derived from late
                # deliveries; the probe would find out, in minutes that a test does not have.
                await asyncio.sleep(1.1 + step.seconds)
                await self._act("unsuspend", installation=INSTALLATION)
            elif disturbance is Disturbance.LINK:
                await self._link(step.choice)
            else:
                await self._change(disturbance, step.choice)

    async def _kill(self, name: str, seconds: float) -> None:
        await asyncio.to_thread(self.both.service.kill, name)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.both.service.begin, name)
        # Dead again before it had begun would test nothing.
        await self.both.until(lambda: self.both.service.has_started(name), seconds=60)

    async def _restart(self, server: Breakable, seconds: float) -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(1)

    async def _fault(self, fault: Fault, seconds: float) -> None:
        active = self.both.sandbox.sandbox.faults.active
        active.append(fault)
        await asyncio.sleep(seconds * 3)
        active.remove(fault)

    async def _act(self, action: str, **arguments: object) -> None:
        await self.both.sandbox.act(MARA, action, **arguments)

    async def _change(self, disturbance: Disturbance, choice: int) -> None:
        world = self.both.sandbox.data
        repository = world.repositories[self.moved[choice % len(self.moved)]]
        if disturbance is Disturbance.RENAME:
            await self._act("rename_repository", repository=self.full_name(repository.id), name=f"{uuid4().hex[:12]}")
        elif disturbance is Disturbance.ARCHIVE:
            action = "unarchive_repository" if repository.archived else "archive_repository"
            await self._act(action, repository=self.full_name(repository.id))
        else:
            chosen = world.installations[INSTALLATION].repository_ids ^ {repository.id}
            names = [world.repositories[one].name for one in sorted(chosen)]
            await self._act("choose_repositories", installation=INSTALLATION, repositories=names)

    async def _link(self, choice: int) -> None:
        project = self.projects[choice % PROJECTS]
        path = f"/projects/{project}/repository"
        if self.wanted.get(project) is None:
            repo_id = self.steady[choice % len(self.steady)]
            if await self._send_until_answered("POST", path, {"repo_id": str(repo_id)}):
                self.wanted[project] = repo_id
        elif await self._send_until_answered("DELETE", path, None):
            self.wanted[project] = None

    async def _send_until_answered(self, method: str, path: str, body: object) -> bool:
        """Send until there is a response; a repeated request under the same key gets the first response."""
        headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
        is_again = False
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                try:
                    answer = await self.caller.request(method, path, json=body, headers=headers)
                except httpx.TransportError:
                    is_again = True
                else:
                    if answer.is_success:
                        return True
                    # The end of an end whose answer was lost.
                    if method == "DELETE" and answer.status_code == 404 and is_again:
                        return True
                    if answer.status_code == 409 and answer.json()["code"] == "integration_not_active":
                        return False
                    assert answer.status_code in {409, 429, 500, 502, 503, 504}, answer.text
                    assert answer.status_code != 500, answer.text
                    is_again = True
                await asyncio.sleep(0.1)


def _describe_target(step: Step) -> str:
    if step.disturbance in _KILLS:
        return _KILLS[step.disturbance]
    if step.disturbance in {Disturbance.RENAME, Disturbance.ARCHIVE, Disturbance.CHOOSE}:
        return "repositories"
    if step.disturbance is Disturbance.LINK:
        return f"project {step.choice % PROJECTS}"
    return step.disturbance


@asynccontextmanager
async def open_stage(steady: int = 6, moved: int = 6) -> AsyncIterator[Stage]:
    """Start everything: servers that keep what they commit, a GitHub, and the service's processes."""
    with breakable_postgres(durable=True) as postgres, breakable_redis() as redis:
        async with service_at_sandbox(postgres.url, redis.url, workers=2) as both:
            # What waiting for GitHub's limits costs is time alone, which a test has little of.
            limits = {"requests_per_hour": 10**6, "points_per_minute": 10**6}
            await both.sandbox.control("PATCH", "/behaviour", **limits)
            made = await both.sandbox.control("POST", "/repositories", owner=ACCOUNT, count=steady + moved)
            repositories: list[int] = made["repository_ids"]
            both.sandbox.data.installations[INSTALLATION].repository_ids |= set(repositories)
            both.event_store.connect_installation(INSTALLATION, repositories[:steady])
            projects = [project for (project,) in both.event_store.rows(_SPARE_PROJECTS, (PROJECTS,))]
            await both.start(*PROCESSES)
            async with both.person("owner") as caller:
                stage = Stage(both, postgres, redis, caller, repositories[:steady], repositories[steady:], projects)
                await stage.wait_for_sync()
                yield stage
