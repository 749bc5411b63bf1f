"""All secrets of a test, collected where they are used, and all places that must not contain them."""

import gzip
import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote

import psutil
import psycopg
import redis
from psycopg import sql
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.postgres.rows.codec import decompress
from sandbox.state.data import SandboxData

_NAMES = {
    "access_token",
    "client_secret",
    "code",
    "code_verifier",
    "pem",
    "refresh_token",
    "secret",
    "state",
    "token",
    "webhook_secret",
}
# Shorter ones are words, and GitHub masks some values.
_SHORTEST = 12
_MASK = "****"
_SPEAKS_OF_SECRETS = ("/login/oauth/", "/access_tokens", "/app-manifests/", "/applications/", "/hook/config")

_TABLES = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1
"""


@dataclass
class Secrets:
    """What must not be found anywhere, by what it is."""

    kinds: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, *secrets: str | None) -> None:
        """Add secrets of one kind; a key in PEM counts line by line, since it may be written in any form."""
        for secret in secrets:
            for part in (secret or "").splitlines():
                if len(part) >= _SHORTEST and _MASK not in part and "-----" not in part:
                    self.kinds.setdefault(part, kind)

    def add_world(self, world: SandboxData) -> None:
        """Add all a sandbox has given out and was given."""
        for app in world.apps.values():
            self.add("client secret", app.client_secret)
            self.add("webhook secret", app.webhook_secret)
        self.add("installation token", *world.installation_tokens)
        self.add("code", *world.codes)
        for user_token in world.user_tokens.values():
            self.add("user token", user_token.token)
            self.add("refresh token", user_token.refresh_token)
        for delivery in world.deliveries.values():
            _, _, signature = delivery.headers["X-Hub-Signature-256"].partition("=")
            self.add("signature", signature)

    def of(self, kind: str) -> list[str]:
        """List those of one kind."""
        return [secret for secret, known in self.kinds.items() if known == kind]

    def find_in(self, places: Mapping[str, str]) -> list[str]:
        """Return which kind of secret is in which place, in any encoding."""
        forms = {form: kind for secret, kind in self.kinds.items() for form in _forms(secret)}
        return sorted(
            {f"{kind} in {place}" for place, text in places.items() for form, kind in forms.items() if form in text}
        )


class Overheard:
    """An application in front of another that notes every secret which goes in or comes out."""

    def __init__(self, behind: ASGIApp, secrets: Secrets) -> None:
        self._behind = behind
        self._secrets = secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self._note_authorization(headers.get(b"authorization", b"").decode())
        self._note(parse_qsl(scope["query_string"].decode()))
        request, response = bytearray(), bytearray()
        packed = False

        async def receive_message() -> Message:
            message = await receive()
            request.extend(message.get("body", b""))
            return message

        async def send_message(message: Message) -> None:
            nonlocal packed
            if message["type"] == "http.response.start":
                packed = (b"content-encoding", b"gzip") in message["headers"]
                self._note_location(message)
            response.extend(message.get("body", b""))
            await send(message)

        await self._behind(scope, receive_message, send_message)
        if any(part in scope["path"] for part in _SPEAKS_OF_SECRETS):
            self._note_body(bytes(request))
            self._note_body(gzip.decompress(response) if packed else bytes(response))

    def _note_authorization(self, value: str) -> None:
        scheme, _, shown = value.partition(" ")
        self._secrets.add("authorization", shown)
        if scheme.lower() == "basic":
            self._secrets.add("authorization", b64decode(shown).decode().partition(":")[2])

    def _note_location(self, message: Message) -> None:
        for name, value in message["headers"]:
            if name == b"location":
                self._note(parse_qsl(value.decode().partition("?")[2]))

    def _note_body(self, body: bytes) -> None:
        try:
            secrets = json.loads(body)
        except ValueError:
            self._note(parse_qsl(body.decode(errors="replace")))
            return
        if isinstance(secrets, dict):
            self._note((name, value) for name, value in secrets.items() if isinstance(value, str))

    def _note(self, secrets: Iterable[tuple[str, str]]) -> None:
        for name, value in secrets:
            if name in _NAMES:
                self._secrets.add(name.replace("_", " "), value)


def in_files(directory: Path) -> dict[str, str]:
    """Return what is in every file below a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes().decode("latin-1")
        for path in directory.rglob("*")
        if path.is_file()
    }


def in_command_lines() -> dict[str, str]:
    """Return what anyone on this machine can see of every process there is."""
    return {
        f"the command line of {process.pid}": " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline"])
    }


def in_database(url: str) -> dict[str, str]:
    """Return every row of every table as text, bytes in hex, and payloads unpacked besides."""
    with psycopg.connect(url) as connection:
        found = {
            f"the table {table}": "\n".join(_rows(connection, table))
            for (table,) in connection.execute(_TABLES).fetchall()
        }
        payloads = connection.execute(
            "SELECT payload, payload_length FROM git_webhook_events WHERE payload IS NOT NULL"
        )
        found["payloads"] = "\n".join(
            decompress(payload, length=length).decode("latin-1") for payload, length in payloads
        )
    return found


def in_redis(url: str) -> dict[str, str]:
    """Return what every key holds."""
    with redis.Redis.from_url(url) as client:
        return {f"Redis at {key!r}": f"{key!r} {_read_key(client, key)!r}" for key in client.scan_iter()}


def _rows(connection: psycopg.Connection, table: str) -> Iterator[str]:
    query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
    for (row,) in connection.execute(query):
        yield row


def _read_key(client: "redis.Redis", key: bytes) -> object:
    match client.type(key):
        case b"string":
            return client.get(key)
        case b"hash":
            return client.hgetall(key)
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1)
        case other:
            raise AssertionError(f"a key of type {other!r}")


def _forms(secret: str) -> Iterator[str]:
    """Give a secret as it may be written: as it is, in a URL, in JSON, in base64 and in hex."""
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield b64encode(secret.encode()).decode().rstrip("=")
    yield secret.encode().hex()
    try:
        yield b64decode(secret, validate=True).hex()
    except NotBase64:
        return
