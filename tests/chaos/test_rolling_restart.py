"""Processes are replaced one by one and every secret rotates, while requests keep coming: none fails."""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256

import httpx

from core.domain.secret import Secret
from entrypoints.bootstrap.github import github_signature
from entrypoints.development.tokens import TokenSigner
from entrypoints.settings.setting import PREFIX
from sandbox.state.sandbox_app import app_environment
from tests.support.builders.deliveries import REPOSITORY, Delivery, push
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, rsa_key
from tests.support.clients.keys_command import Key, format_keys, keys
from tests.support.conditions import until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.sandbox import run_sandbox
from tests.support.servers.servers import temporary_home
from tests.support.servers.service import Service

SENDERS = 6
OLD_SECRET, NEW_SECRET = "older b1f64c07e2d9a358", "newer 5a90d7e3c4f1b826"
OLD_KEY, NEW_KEY = (
    (name, Secret(base64.b64encode(sha256(bytes([number])).digest()).decode())) for number, name in enumerate("ab")
)


@dataclass
class Fleet:
    """Two APIs, a worker and a scheduler behind a load balancer, which sends to ready processes."""

    database_url: str
    redis_url: str
    secret: str
    """What the sender signs with."""

    stack: ExitStack
    settings: dict[str, str]
    """Of every process, whatever rotates."""

    apis: list[Service] = field(default_factory=list)
    others: list[Service] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    async def roll(self, secrets: list[str], ring: list[Key]) -> None:
        """Replace every process by one with these settings: the new one first, then the old one goes."""
        settings = {**self.settings, "GITHUB_WEBHOOK_SECRETS": ",".join(secrets), "ENCRYPTION_KEYS": format_keys(*ring)}
        for _ in range(2):
            fresh = await self._begin(settings, "api")
            before = self.apis
            self.apis = [*before[-1:], fresh]
            for gone in before[:-1]:
                await asyncio.to_thread(gone.stop)
        fresh = await self._begin(settings, "worker", "scheduler")
        for gone in self.others:
            await asyncio.to_thread(gone.stop)
        self.others = [fresh]

    async def send(self, ask: Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]) -> None:
        """Ask again and again, each time somebody who is ready."""
        async with httpx.AsyncClient(timeout=20) as client:
            number = 0
            while True:
                number += 1
                service = self.apis[number % len(self.apis)]
                try:
                    answer = await ask(client, service.url)
                    self.answers[str(answer.status_code)] += 1
                except httpx.HTTPError as error:
                    self.answers[f"{type(error).__name__} {error}"] += 1

    async def deliver(self, client: httpx.AsyncClient, url: str) -> httpx.Response:
        """Send a push, and note what was acknowledged."""
        delivery = Delivery(push())
        headers = {**delivery.headers, "x-hub-signature-256": github_signature(self.secret, delivery.body)}
        answer = await client.post(f"{url}/api/v1/git/github/webhooks", content=delivery.body, headers=headers)
        if answer.is_success:
            self.acknowledged.add(delivery.id)
        return answer

    async def _begin(self, settings: dict[str, str], *names: str) -> Service:
        home = self.stack.enter_context(temporary_home())
        service = Service(home, self.database_url, self.redis_url, settings=settings)
        self.stack.callback(service.stop)
        await asyncio.to_thread(service.start, *names)
        return service


async def test_secrets_rotate_through_rolling_restarts(database_url: str, redis_url: str) -> None:
    """Webhook secret and encryption key, each in the order of docs/keys.md, under load from first to last.

    Branches are asked of GitHub with the installation's stored token, which each new process has to decrypt.
    """
    async with run_sandbox() as sandbox:
        app = app_environment(sandbox.app, sandbox_url=sandbox.url)
        at_sandbox = {name.removeprefix(PREFIX): value for name, value in app.items()}
        with ExitStack() as stack:
            event_store = stack.enter_context(open_events(database_url))
            event_store.connect_installation()
            organization, user = event_store.person("owner")
            signer = TokenSigner(private_pem(rsa_key()), issuer=ISSUER, audience=AUDIENCE)
            caller = {"authorization": f"Bearer {signer.for_user(user)}"}
            branches = f"/api/v1/{organization}/git-integrations/github/repos/{REPOSITORY}/branches"

            async def read(client: httpx.AsyncClient, url: str) -> httpx.Response:
                return await client.get(url + branches, headers=caller)

            fleet = Fleet(database_url, redis_url, OLD_SECRET, stack, at_sandbox)
            await fleet.roll([OLD_SECRET], [OLD_KEY])
            async with httpx.AsyncClient() as client:
                assert (await read(client, fleet.apis[0].url)).is_success
            requests = [fleet.deliver, read] * (SENDERS // 2)
            senders = [asyncio.create_task(fleet.send(request)) for request in requests]
            # Everyone knows the new ones before anyone uses them.
            await fleet.roll([OLD_SECRET, NEW_SECRET], [OLD_KEY, NEW_KEY])
            await fleet.roll([NEW_SECRET, OLD_SECRET], [NEW_KEY, OLD_KEY])
            fleet.secret = NEW_SECRET
            rotated = await asyncio.to_thread(keys, database_url, "rotate", NEW_KEY, OLD_KEY)
            assert "Encrypted with the first key: 1 of 1 value." in rotated.stdout
            await asyncio.sleep(0.2)  # what was signed with the old secret is still on its way, as at GitHub
            await fleet.roll([NEW_SECRET], [NEW_KEY])
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)

            assert set(fleet.answers) == {"200", "202"}, fleet.answers
            assert min(fleet.answers.values()) > 100
            await until(lambda: asyncio.to_thread(event_store.is_settled))
            assert fleet.acknowledged <= set(event_store.delivery_ids())
            verified = await asyncio.to_thread(keys, database_url, "verify", NEW_KEY)
            assert (verified.returncode, "1 value. Not encrypted with the first key: 0." in verified.stdout) == (
                0,
                True,
            )
            # A process that has the old key alone can no longer answer: what was asked above did decrypt.
            await fleet.roll([NEW_SECRET], [OLD_KEY])
            async with httpx.AsyncClient() as client:
                refused = await read(client, fleet.apis[0].url)
            assert refused.json()["code"] == "ciphertext_unreadable", refused.text
