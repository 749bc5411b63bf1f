"""No secret that was in play is anywhere but where it belongs: processes at DEBUG, and all they leave."""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from adapters.postgres.connection.database import Database
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.secrets.cipher import AesGcmCipher
from adapters.system import SystemClock
from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.identifiers import ProviderUserId, UserId
from core.domain.secret import Secret
from core.use_cases.tokens.encryption import encrypt_user_tokens
from entrypoints.bootstrap.features import wire_token_sources
from sandbox.control import Expiry, expire_tokens
from sandbox.faults import Fault, FaultKind
from testing.builders.entities import BY, PROVIDER, now
from tests.support.checks.secrecy import Secrets, in_command_lines, in_database, in_files, in_redis
from tests.support.scenarios.ports import build_ports
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox

_BROWSER = {"accept": "text/html"}
INTEGRATION = "/git-integrations/github"
ENCRYPTION_KEY = base64.b64encode(sha256(b"tests").digest()).decode()
VERIFIER = "a-verifier-of-the-length-that-is-required-0123456789"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Stage:
    """A running service, an owner who asks it, and all that was said."""

    both: ServiceAtSandbox
    database_url: str
    owner: httpx.AsyncClient
    secrets: Secrets
    said: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **given: object) -> httpx.Response:
        """Ask REST, and keep the answer: its headers too, but for where a browser goes and its cookies."""
        answer = await self.owner.request(method, path, **given)  # type: ignore[arg-type]
        headers = "\n".join(
            f"{name}: {value}" for name, value in answer.headers.items() if name not in ("location", "set-cookie")
        )
        self.said[f"answer {len(self.said)} to {method} {path}"] = f"{headers}\n{answer.text}"
        return answer

    async def command(self, *arguments: str) -> None:
        """Run a command of this service, and record its output."""
        _, said = await self.both.run(*arguments)
        assert said
        self.said[" ".join(arguments)] = said


@pytest.fixture
async def stage(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    """Run everything, as talkative as it can be."""
    secrets = Secrets()
    async with service_at_sandbox(
        database_url, redis_url, overheard_by=secrets, LOG_LEVEL="DEBUG", ENCRYPTION_KEYS=f"k1:{ENCRYPTION_KEY}"
    ) as both:
        both.event_store.connect_installation()
        await both.start("api", "worker", "scheduler")
        secrets.add("encryption key", ENCRYPTION_KEY)
        secrets.add("private key", both.sandbox.app.private_key)
        async with both.person() as owner:
            secrets.add("access token", owner.headers["authorization"].removeprefix("Bearer "))
            yield Stage(both, database_url, owner, secrets)


async def _catalog(stage: Stage) -> None:
    """Tokens are minted, shown, refused and minted again."""
    await stage.both.until(lambda: stage.both.event_store.value("SELECT synced_at FROM git_integrations"))
    [first, *_] = (await stage.ask("GET", f"{INTEGRATION}/repos")).json()["data"]
    branches = f"{INTEGRATION}/repos/{first['id']}/branches"
    assert (await stage.ask("GET", branches)).status_code == 200
    assert stage.both.event_store.value("SELECT access_token FROM git_integrations")
    before = len(stage.both.sandbox.data.installation_tokens)
    expire_tokens(stage.both.sandbox.sandbox, Expiry(installations=True))
    stage.both.event_store.run("UPDATE git_integrations SET sync_requested_at = now()")
    await stage.both.until(lambda: len(stage.both.sandbox.data.installation_tokens) > before)


async def _read_all_operations(stage: Stage) -> None:
    """Every GET there is, by the API's own description, with a sound token, a broken one, and none."""
    known = {"org_id": _organization(stage), "provider": PROVIDER, "repo_id": "700000001"}
    described = await stage.owner.get(f"{stage.both.service.url}/api/v1/openapi.json")
    broken = f"Bearer {stage.secrets.of('access token')[0][:-2]}xx"
    stage.secrets.add("access token", broken.removeprefix("Bearer "))
    for path, methods in described.json()["paths"].items():
        if "get" not in methods or "text/event-stream" in str(methods["get"]["responses"]):
            continue
        filled = re.sub(r"\{(\w+)\}", lambda name: str(known.get(name[1], uuid4())), path)
        for headers in ({}, {"authorization": broken}, {"authorization": ""}):
            await stage.ask("GET", stage.both.service.url + filled, headers=headers)


async def _webhooks(stage: Stage) -> None:
    """Deliveries of all kinds: sound, wrongly signed, unsigned, malformed, recovered."""
    await stage.both.push(3)
    await stage.both.sandbox.act(MARA, "suspend", installation=INSTALLATION)
    await stage.both.sandbox.act(MARA, "unsuspend", installation=INSTALLATION)
    await stage.both.sandbox.wait_for_deliveries()
    url = f"{stage.both.service.url}/api/v1/git/github/webhooks"
    sound = stage.both.attempts()[0]
    for headers, body in (
        ({**sound.headers, "X-Hub-Signature-256": f"sha256={'ab' * 32}"}, sound.body),
        ({**sound.headers, "X-GitHub-Event": "no event"}, sound.body),
        ({"content-type": "application/json"}, b"{"),
        (sound.headers, sound.body + b" "),
    ):
        assert (await stage.ask("POST", url, headers=headers, content=body)).status_code >= 400
    await stage.both.sandbox.control("PATCH", "/behaviour", delivering="failing")
    await stage.both.push(2)
    stage.both.let_age()
    await stage.both.sandbox.control("PATCH", "/behaviour", delivering="at_once")
    await stage.command("recover-deliveries")
    await stage.command("events", "list", "--json")
    await stage.command("events", "show", sound.guid)


async def _faults(stage: Stage) -> None:
    """GitHub and its people say no in every way, to the API and the scheduler."""
    branches = f"{INTEGRATION}/repos/700000001/branches?q="
    for fault in (
        Fault(FaultKind.ERROR, status=500),
        Fault(FaultKind.TOKEN_REFUSED),
        Fault(FaultKind.KEY_REFUSED),
        Fault(FaultKind.SECONDARY_LIMIT, seconds=1, status=403),
    ):
        expire_tokens(stage.both.sandbox.sandbox, Expiry(installations=True))
        stage.both.fault(fault)
        stage.both.event_store.run("UPDATE git_integrations SET sync_requested_at = now(), sync_retry_at = NULL")
        await stage.ask("GET", f"{branches}{fault.kind}")
        await stage.both.until(lambda: stage.both.event_store.value("SELECT sync_error FROM git_integrations"))
    stage.both.fault(Fault(FaultKind.KEY_REFUSED))
    await stage.command("recover-deliveries")
    stage.both.fault()
    await stage.ask("POST", f"{INTEGRATION}/sync", content=b'{"token": ')
    await stage.ask("DELETE", f"{INTEGRATION}?uninstall=true")


async def _people(stage: Stage) -> None:
    """Let a person's code be traded, and their tokens be kept and refreshed."""
    sandbox, cipher = stage.both.sandbox, AesGcmCipher([("k1", Secret(ENCRYPTION_KEY))])
    app = GitHubApp(
        client_id=sandbox.app.client_id,
        client_secret=Secret(sandbox.app.client_secret),
        private_key=Secret(sandbox.app.private_key),
        addresses=GitHubUrls(api=sandbox.api_url, web=sandbox.url),
    )
    database, clock = Database(stage.database_url), SystemClock()
    unit_of_work, provider = PostgresUnitOfWork(database), GitHubProvider(app, clock)
    callback = sandbox.data.apps[sandbox.app.id].callback_urls[0]
    form = {
        "client_id": sandbox.app.client_id,
        "decision": "authorize",
        "redirect_uri": callback,
        "state": f"a-state-{uuid4()}",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    try:
        async with sandbox.browser(JONAS) as browser:
            back = await browser.post("/login/oauth/authorize", data=form)
        code = httpx.URL(back.headers["location"]).params["code"]
        tokens = await provider.exchange_code(Secret(code), redirect_uri=callback, code_verifier=Secret(VERIFIER))
        user = UserId(stage.both.event_store.value("SELECT min(id) FROM users"))
        async with unit_of_work() as tx:
            connection = Connection(
                id=await tx.connections.next_id(),
                external_id=uuid4(),
                user_id=user,
                provider=PROVIDER,
                provider_user_id=ProviderUserId("7"),
                created_at=now(),
                updated_at=now(),
            )
            await tx.connections.apply([Change(None, connection, BY)])
            sealed = encrypt_user_tokens(cipher, connection.external_id, tokens)
            await tx.user_tokens.replace(connection.id, sealed)
            await tx.commit()
        leases = wire_token_sources(
            build_ports(unit_of_work=unit_of_work, providers={PROVIDER: provider}, cipher=cipher, clock=clock)
        )
        await leases.user(connection, instead_of=tokens.access_token)
        assert stage.both.event_store.value("SELECT refresh_token FROM user_git_connections")
    finally:
        await provider.close()
        await database.close()


async def _browsers(stage: Stage) -> None:
    """Someone connects their organization, and their own account, and both are denied and replayed, too."""
    organization = _organization(stage)
    url = stage.both.service.url
    await stage.ask("DELETE", f"{url}/api/v1/user/git-connections/{PROVIDER}")
    installing = f"git/{PROVIDER}/install?organization_id={organization}&mode=existing"
    for path in (installing, f"user/git-connections/{PROVIDER}/authorize"):
        for decision in ("deny", "authorize"):
            begun = await stage.ask("GET", f"{url}/api/v1/{path}", headers=_BROWSER)
            assert begun.status_code == 302, begun.text
            page = httpx.URL(begun.headers["location"])
            stage.secrets.add("state", page.params["state"])
            for cookie in stage.owner.cookies.jar:
                stage.secrets.add("flow cookie", str(cookie.value))
            async with stage.both.sandbox.browser(MARA) as browser:
                form = {**dict(page.params), "decision": decision}
                back = await browser.post(page.path, data=form)
            for _ in range(2):
                ended = await stage.ask("GET", back.headers["location"], headers=_BROWSER)
                assert ended.status_code < 500
    assert stage.both.event_store.value("SELECT count(*) FROM git_integrations WHERE status = 0") == 1
    assert stage.both.event_store.value("SELECT count(*) FROM git_flows WHERE status = 'completed'") == 2


FLOWS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    _catalog,
    _people,
    _read_all_operations,
    _webhooks,
    _faults,
    _browsers,
)


async def test_secrets_are_only_in_their_places(stage: Stage, redis_url: str) -> None:
    """Checks logs, responses, output, tables with versions and events, Redis, files, command lines."""
    for flow in FLOWS:
        await flow(stage)
    seen = in_command_lines()
    await stage.both.stop()
    home = Path(stage.both.service.environment["CREWKIT_GIT_HOME"])
    seen |= in_files(home) | in_database(stage.database_url) | in_redis(redis_url) | stage.said

    secrets = stage.secrets
    secrets.add_world(stage.both.sandbox.data)
    assert secrets.find_in(seen) == []

    # What was looked for was in play, and where was looked there was something to be seen.
    for kind in (
        "access token",
        "authorization",
        "client secret",
        "code",
        "code verifier",
        "encryption key",
        "flow cookie",
        "private key",
        "refresh token",
        "signature",
        "state",
        "token",
        "webhook secret",
    ):
        assert secrets.of(kind), kind
    for beginning in ("ghs_", "ghu_", "ghr_", "eyJ"):
        assert any(secret.startswith(beginning) for secret in secrets.kinds), beginning
    innocent = Secrets()
    innocent.add("innocent", "acme-rockets/launchpad", stage.both.attempts()[0].guid, "sync_requested_at")
    found = innocent.find_in(seen)
    for place in ("logs/api.log", "the table git_webhook_events", "the table versions", "payloads"):
        assert any(place in one for one in found), (place, found)
    debugged = [text for place, text in seen.items() if place.startswith("logs/")]
    assert len(debugged) == 3
    assert all('"level":"debug"' in text for text in debugged)


def _organization(stage: Stage) -> UUID:
    found: UUID = stage.both.event_store.value("SELECT external_id FROM organizations")
    return found
