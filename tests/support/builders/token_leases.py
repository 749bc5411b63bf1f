from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import TokenLease
from core.use_cases.tokens.encryption import encrypt_read_token
from tests.support.scenarios.ports import KEYS
from tests.support.scenarios.projects import WIDGETS, ProjectsEdge


async def add_lease(edge: ProjectsEdge, **facts: Any) -> TokenLease:
    """Store the lease of a token for the repository of the linked project, held by a service."""
    external_id, now = uuid4(), edge.clock.now()
    values = {
        "external_id": external_id,
        "organization_id": edge.organization.id,
        "integration_id": edge.integration.id,
        "actor": "service:deployer",
        "request_id": None,
        "reason": "a build",
        "repo_ids": (WIDGETS,),
        "created_at": now,
        "expires_at": now + timedelta(hours=1),
        "sealed": encrypt_read_token(AesGcmCipher(KEYS), external_id, Secret("ghs_token")),
    }
    lease = TokenLease(**{**values, **facts})
    async with edge.world.unit_of_work() as tx:
        await tx.token_leases.add_token_lease(lease)
        await tx.commit()
    return lease
