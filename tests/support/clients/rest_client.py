"""A crewkit service that calls the REST API of running processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.builders import tokens
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service


@asynccontextmanager
async def open_client(service: Service, event_store: EventStore, *scopes: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client below the one organization there is, with these scopes."""
    organization = event_store.value("SELECT external_id FROM organizations")
    claims = tokens.claims(tokens.now(), sub="deployer", service="deployer", scope=" ".join(scopes))
    async with httpx.AsyncClient(
        base_url=f"{service.url}/api/v1/{organization}",
        headers={"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"},
        limits=httpx.Limits(max_connections=20),
        trust_env=False,
        timeout=20,
    ) as client:
        yield client
