import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.sql import render
from core.domain.flows.flow import Flow, FlowPurpose, FlowStatus, FlowStep, PendingRequest, ProofProgress
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId
from ports.flows import FlowStore

_NEXT_ID = "SELECT nextval('git_flows_id_seq')"
_ADD = """
    INSERT INTO git_flows (
        id, external_id, purpose, provider, user_id, organization_id, state_hash, cookie_hash, step,
        return_to, created_at, expires_at, status, pkce_verifier, installation_id, candidates,
        provider_user_id, account_id, progress
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)
"""
_FLOW = SQL(
    "SELECT id, external_id, purpose, provider, user_id, organization_id, state_hash, cookie_hash, step, "
    "return_to, created_at, expires_at, status, pkce_verifier, installation_id, candidates, "
    "provider_user_id, account_id, progress, updated_at FROM git_flows"
)
_FIND = render("{flow} WHERE state_hash = %s AND provider = %s", flow=_FLOW)
_OF_BROWSER = render("{flow} WHERE external_id = ANY(%s::uuid[]) AND provider = %s ORDER BY id DESC", flow=_FLOW)
_STEP = """
    UPDATE git_flows
    SET state_hash = %s, step = %s, expires_at = %s, status = %s, pkce_verifier = %s, installation_id = %s,
        candidates = %s, provider_user_id = %s, account_id = %s, progress = %s::jsonb, updated_at = now(),
        consumed_at = CASE WHEN %s THEN coalesce(consumed_at, now()) ELSE consumed_at END
    WHERE id = %s AND state_hash = %s AND status = %s
"""
_REQUEST = SQL(
    "SELECT f.id, f.organization_id, f.user_id, f.provider, f.provider_user_id, f.account_id, f.external_id, "
    "f.expires_at FROM git_flows AS f"
)
_AWAITING_APPROVAL = render(
    """
    {request}
    JOIN unnest(%s::text[], %s::text[]) AS wanted (provider_user_id, account_id)
        ON f.provider_user_id = wanted.provider_user_id AND f.account_id = wanted.account_id
    WHERE f.provider = %s AND f.status = 'awaiting_approval' AND f.expires_at > now()
    ORDER BY f.id
    """,
    request=_REQUEST,
)
_PENDING_OF = render(
    """
    {request}
    WHERE f.organization_id = %s AND f.provider = %s AND f.status = 'awaiting_approval'
        AND f.expires_at > now()
    ORDER BY f.id DESC
    LIMIT 1
    """,
    request=_REQUEST,
)
_ALL_AWAITING = render(
    """
    {request}
    WHERE f.provider = %s AND f.status = 'awaiting_approval' AND f.created_at < %s AND f.id > %s
    ORDER BY f.id
    LIMIT %s
    """,
    request=_REQUEST,
)
_COMPLETE = """
    UPDATE git_flows SET status = 'completed', consumed_at = now(), updated_at = now()
    WHERE id = ANY(%s::bigint[]) AND status = 'awaiting_approval'
"""
_END = """
    UPDATE git_flows SET status = 'ended', consumed_at = now(), updated_at = now()
    WHERE id = ANY(%s::bigint[]) AND status = 'awaiting_approval'
"""
_LIMIT_LIFETIME = """
    UPDATE git_flows SET expires_at = least(expires_at, %s), updated_at = now()
    WHERE id = ANY(%s::bigint[]) AND status = 'awaiting_approval'
"""
_DELETE_EXPIRED = """
    DELETE FROM git_flows
    WHERE id IN (
        SELECT id FROM git_flows
        WHERE expires_at < %s AND status <> 'awaiting_approval' ORDER BY expires_at LIMIT %s
    )
"""


class PostgresFlowStore(FlowStore):
    """The table `git_flows`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def next_id(self) -> FlowId:
        """Reserve the next number of the sequence."""
        [[number]] = await self._session.read(_NEXT_ID)
        return FlowId(number)

    async def add(self, flow: Flow) -> None:
        """Store a new flow."""
        await self._session.change(
            _ADD,
            (
                flow.id,
                flow.external_id,
                flow.purpose.value,
                flow.provider,
                flow.user_id,
                flow.organization_id,
                flow.state_hash,
                flow.cookie_hash,
                flow.step.value,
                flow.return_to,
                flow.created_at,
                flow.expires_at,
                flow.status.value,
                flow.pkce_verifier,
                flow.installation_id,
                list(flow.candidates),
                flow.provider_user_id,
                flow.account_id,
                _render_progress(flow.progress),
            ),
        )

    async def find(self, provider: str, state_hash: bytes) -> Flow | None:
        """Return the flow with this state."""
        rows = await self._session.read(_FIND, (state_hash, provider))
        return _to_flow(rows[0]) if rows else None

    async def list_by_ids(self, provider: str, external_ids: Collection[UUID]) -> Sequence[Flow]:
        """Return the flows with these ids, newest first."""
        ids = sorted({str(external_id) for external_id in external_ids})
        return [_to_flow(row) for row in await self._session.read(_OF_BROWSER, (ids, provider))] if ids else []

    async def replace_unchanged(self, before: Flow, after: Flow) -> bool:
        """Store the next step of a flow; return False if the flow has changed."""
        changed = await self._session.change(
            _STEP,
            (
                after.state_hash,
                after.step.value,
                after.expires_at,
                after.status.value,
                after.pkce_verifier,
                after.installation_id,
                list(after.candidates),
                after.provider_user_id,
                after.account_id,
                _render_progress(after.progress),
                after.status in (FlowStatus.COMPLETED, FlowStatus.ENDED),
                before.id,
                before.state_hash,
                before.status.value,
            ),
        )
        return changed == 1

    async def list_awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""
        wanted = set(keys)
        parameters = (Texts([key[0] for key in wanted]), Texts([key[1] for key in wanted]), provider)
        return [PendingRequest(*row) for row in await self._session.read(_AWAITING_APPROVAL, parameters)]

    async def find_pending_request(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""
        rows = await self._session.read(_PENDING_OF, (organization_id, provider))
        return PendingRequest(*rows[0]) if rows else None

    async def list_all_awaiting(
        self, provider: str, *, made_before: datetime, after: FlowId | None = None, limit: int
    ) -> Sequence[PendingRequest]:
        """Return requests created before this time that wait for approval, the oldest first."""
        rows = await self._session.read(_ALL_AWAITING, (provider, made_before, after or 0, limit))
        return [PendingRequest(*row) for row in rows]

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; raises `StorageConflict` if one has ended otherwise."""
        ids = sorted({request.flow_id for request in requests})
        if ids:
            await self._session.change_exactly(len(ids), _COMPLETE, (Bigints(ids),))

    async def end(self, requests: Sequence[PendingRequest]) -> int:
        """End the requests that still wait for approval."""
        ids = sorted({request.flow_id for request in requests})
        return await self._session.change(_END, (Bigints(ids),)) if ids else 0

    async def limit_lifetime(self, requests: Sequence[PendingRequest], *, by: datetime) -> None:
        """Let the requests expire at this time at the latest."""
        ids = sorted({request.flow_id for request in requests})
        if ids:
            await self._session.change(_LIMIT_LIFETIME, (by, Bigints(ids)))

    async def delete_expired(self, *, expired_before: datetime, limit: int) -> int:
        """Delete flows that expired before this time, except those that wait for approval."""
        return await self._session.change(_DELETE_EXPIRED, (expired_before, limit))


def _to_flow(row: Sequence[Any]) -> Flow:
    flow_id, external_id, purpose, provider, user_id, organization_id, state, cookie, step, *rest = row
    return_to, created_at, expires_at, status, verifier, installation_id, candidates, *last = rest
    person, account, progress, stepped_at = last
    return Flow(
        id=flow_id,
        external_id=external_id,
        purpose=FlowPurpose(purpose),
        provider=provider,
        user_id=user_id,
        organization_id=organization_id,
        state_hash=state,
        cookie_hash=cookie,
        step=FlowStep(step),
        return_to=return_to,
        created_at=created_at,
        expires_at=expires_at,
        status=FlowStatus(status),
        pkce_verifier=verifier,
        installation_id=installation_id,
        candidates=tuple(candidates),
        provider_user_id=person,
        account_id=account,
        progress=ProofProgress(**{**progress, "unchecked": tuple(progress["unchecked"])})
        if progress
        else ProofProgress(),
        stepped_at=stepped_at,
    )


def _render_progress(progress: ProofProgress) -> str | None:
    """Return the JSON of a progress; None for a proof that has not started."""
    return None if progress == ProofProgress() else json.dumps(asdict(progress))
