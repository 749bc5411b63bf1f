"""Catalogs that are searched, by somebody who may, through our API."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.common import crewkit
from benchmarks.common.server import Place, free_port, process, wait_until_listening
from benchmarks.common.services import Services
from core.domain.identifiers import IntegrationId
from tests.support.builders.large_catalog import fill

# Thirty other tenants, whose rows lie between those of the catalogs that are searched.
_OTHERS = (2_000,) * 30

_JOIN = """
    WITH person AS (
        INSERT INTO users (external_id, email) VALUES (%(user)s, 'bench@acme.example')
        ON CONFLICT (external_id) DO UPDATE SET email = excluded.email RETURNING id
    ), member AS (
        INSERT INTO memberships (user_id, organization_id, role)
        SELECT person.id, i.organization_id, 'member' FROM person, git_integrations AS i
        WHERE i.id = %(integration)s
    )
    SELECT o.external_id FROM organizations AS o
    JOIN git_integrations AS i ON i.organization_id = o.id WHERE i.id = %(integration)s
"""

# None, one or two letters, common, rare, absent, and second pages, as often as people ask for each. Every
# name is `owner-…/` and one to three words.
_MIX: tuple[Mapping[str, str], ...] = (
    *({}, {}, {}, {"archived": "false"}),
    *({"q": "a"}, {"q": "s"}, {"q": "te"}, {"q": "qu"}),
    *({"q": "api"}, {"q": "service"}, {"q": "owner"}, {"q": "terraform"}),
    *({"q": "stream-batch"}, {"q": "77"}, {"q": "-4242"}, {"q": "cache_queue"}),
    *({"q": "nothing-like-it"}, {"q": "zzz"}),
)
_SECOND_PAGES: tuple[Mapping[str, str], ...] = ({}, {"q": "service"})


@dataclass(frozen=True)
class Scene:
    """An API with catalogs, and for each the file of its twenty questions as queries.lua reads them."""

    url: str
    pid: int
    questions: Sequence[Path]


@contextmanager
def searchable(sizes: Sequence[int], servers: Services, home: Path) -> Iterator[Scene]:
    """Fill catalogs of these sizes and start the API."""
    place = Place(free_port(), servers.create_database("bench_searching"), servers.redis_url)
    key, user = generate_private_key(public_exponent=65537, key_size=2048), str(uuid4())
    environment = {**crewkit.settings(place), "CREWKIT_GIT_AUTH_PUBLIC_KEY": _public(key)}
    crewkit.migrate(environment, home / "migrate.log")
    tenants = [integration for integration, _ in fill(place.database_url, [*sizes, *_OTHERS])]
    with psycopg.connect(place.database_url) as database:
        bases = [_add_member(database, integration, user) for integration in tenants[: len(sizes)]]
    authorization, log = f"Bearer {_token(key, user)}", home / "api.log"
    with process(crewkit.command("api"), environment, log) as started:
        wait_until_listening(started, place.port, log)
        url = f"http://127.0.0.1:{place.port}"
        files = [home / f"questions-{size}" for size in sizes]
        for file, base in zip(files, bases, strict=True):
            file.write_text("\n".join([authorization, *_questions(url, base, authorization)]))
        yield Scene(url, started.pid, files)


def _add_member(database: psycopg.Connection, integration: IntegrationId, user: str) -> str:
    """Make the user a member of the integration's organization, and return the path of its repositories."""
    row = database.execute(_JOIN, {"user": user, "integration": integration}).fetchone()
    assert row is not None  # it was just made
    return f"/api/v1/{row[0]}/git-integrations/github/repos"


def _questions(url: str, base: str, authorization: str) -> Sequence[str]:
    """Return the paths of the twenty questions; second pages need the first one's cursor."""
    following = [{**query, "cursor": _ask(url, base, query, authorization)["next_cursor"]} for query in _SECOND_PAGES]
    paths = [f"{base}?{urlencode(query)}" if query else base for query in (*_MIX, *following)]
    assert len(paths) == 20
    return paths


def _ask(url: str, base: str, query: Mapping[str, str], authorization: str) -> Mapping[str, str]:
    request = Request(f"{url}{base}?{urlencode(query)}", headers={"Authorization": authorization})
    with urlopen(request, timeout=10) as answer:
        body: Mapping[str, str] = json.load(answer)
    return body


def _token(key: RSAPrivateKey, user: str) -> str:
    now = datetime.now(UTC)
    claims = {"iss": crewkit.ISSUER, "aud": crewkit.AUDIENCE, "sub": user, "iat": now}
    return jwt.encode({**claims, "exp": now + timedelta(hours=8)}, key, algorithm="RS256")


def _public(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
