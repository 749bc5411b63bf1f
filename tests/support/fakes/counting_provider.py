"""A provider behind a real socket that counts what it gives out, and the client processes reach it by."""

import json
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import httpx

from core.domain.identifiers import RepoId
from core.domain.provider_errors import CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken
from core.domain.tokens.user_tokens import UserTokens
from ports.system import Clock
from testing.memory.provider import FakeProvider


class CountingProvider:
    """Mints for anyone, and refreshes once per refresh token; answers only once it was let."""

    def __init__(self, refresh_token: str) -> None:
        self.calls: Counter[str] = Counter()
        self.may_answer = threading.Event()
        self._refresh_token = refresh_token
        self._numbers = count(1)
        self._lock = threading.Lock()

    def answer(self, call: str, shown: str) -> dict[str, str] | None:
        """Give a token, or None for a refresh token that was used before."""
        with self._lock:
            self.calls[call] += 1
            token = f"{call}-{next(self._numbers)}"
            if call == "refresh":
                if shown != self._refresh_token:
                    return None
                self._refresh_token = f"{token}-refresh"
        self.may_answer.wait(timeout=20)
        return {"token": token, "refresh_token": f"{token}-refresh"}


@contextmanager
def serve_provider(provider: CountingProvider) -> Iterator[str]:
    """Serve it on a loopback port; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            shown = self.rfile.read(int(self.headers["content-length"])).decode()
            answer = provider.answer(self.path.removeprefix("/"), shown)
            self.send_response(200 if answer else 400)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class ReachedProvider(FakeProvider):
    """The same provider, as another process sees it."""

    def __init__(self, clock: Clock, url: str) -> None:
        super().__init__(clock)
        self._url = url

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,  # noqa: ARG002 - the port's signature
        permissions: Mapping[str, str] | None = None,  # noqa: ARG002 - the port's signature
    ) -> InstallationToken:
        """Ask for one over the wire."""
        token, _ = await self._ask("mint_token", provider_id)
        return InstallationToken(token, self._clock.now() + timedelta(hours=1), {})

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Trade one over the wire."""
        access, refresh = await self._ask("refresh", refresh_token.reveal())
        return UserTokens(access, self._clock.now() + timedelta(hours=8), refresh, None)

    async def _ask(self, call: str, shown: str) -> tuple[Secret, Secret]:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            reply = await client.post(f"{self._url}/{call}", content=shown)
        if reply.is_error:
            raise CredentialRefused("It was used before.")
        answer = reply.json()
        return Secret(answer["token"]), Secret(answer["refresh_token"])
