from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from core.domain.actors import Actor, UserActor
from core.domain.attribution.authors import normalize_address
from core.domain.audit import Change
from core.domain.connections import Connection, EmailPermissionMissing, ProviderPerson, connect
from core.domain.errors import DomainError, StorageConflict, WayBack
from core.domain.flows.callback import Callback, CodeMissing
from core.domain.flows.flow import Flow, FlowInvalid, FlowPurpose, FlowStatus, FlowStep, start_flow, to_local_path
from core.domain.permissions import Action
from core.domain.provider_errors import PermissionMissing, ProviderUnavailable
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.authorization import AccessControl, UserRequired, require_supported
from core.use_cases.connections.look_up_identities import LOOKUP_INTERVAL
from core.use_cases.connections.revoke_tokens import request_revocation
from core.use_cases.flows.take_flow import Cookies, TakeFlow, find_own_flow
from core.use_cases.flows.user_authorization import StartedFlow, UserAuthorization
from core.use_cases.tokens.encryption import encrypt_user_tokens
from ports.encryption import Cipher
from ports.identity import Directory
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class BeginConnection:
    """Start a browser flow in which a user authorizes the app to act for them."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    authorization: UserAuthorization
    clock: Clock

    async def __call__(self, actor: Actor, *, provider: str, return_to: str | None = None) -> StartedFlow:
        """Return the flow. A `return_to` that is not a path of this service is replaced by `/`.

        Raises `UserRequired` also for a service that acts for a user, or `ProviderUnknown`.
        """
        if not isinstance(actor, UserActor):
            raise UserRequired("Only a user with a browser can connect an account. Call this with a user's token.")
        user = self.access_control.require_own_accounts(actor, Action.CONNECT, provider)
        async with self.unit_of_work() as tx:
            flow, secrets = start_flow(
                await tx.flows.next_id(),
                FlowPurpose.CONNECT,
                provider,
                user_id=user.user_id,
                organization_id=None,
                step=FlowStep.AUTHORIZE,
                return_to=to_local_path(return_to),
                at=self.clock.now(),
            )
            flow, url = self.authorization.request(flow, secrets.state)
            await tx.flows.add(flow)
            await tx.commit()
        return StartedFlow(url, flow.external_id, secrets.cookie, flow.expires_at)


# If a user connects in two browsers at once, one transaction fails and its retry finds the other's row.
_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class FinishConnection:
    """Connect the account of a user who returns from the provider.

    The first return ends the flow in any case, because a code works once. Tokens are revoked if connecting
    fails.
    """

    unit_of_work: UnitOfWork
    directory: Directory
    providers: Mapping[str, GitProvider]
    take: TakeFlow
    authorization: UserAuthorization
    cipher: Cipher
    clock: Clock

    async def __call__(
        self,
        provider: str,
        callback: Callback,
        *,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> str:
        """Return the path where the browser continues.

        Raises `ProviderUnknown`, `FlowInvalid` or a kind of it, `AuthorizationDenied`, `CodeMissing`,
        `ProviderAccountTaken`, `OtherAccountConnected`, `EmailPermissionMissing`, or the
        provider's errors.
        """
        require_supported(provider, self.providers)
        flow: Flow | None = None
        try:
            flow = await self.take.take_and_end(provider, callback.state, FlowPurpose.CONNECT, cookies, session)
            return await self._finish(flow, callback, request_id)
        except DomainError as refusal:
            own_flow = flow or find_own_flow(refusal)
            if own_flow is not None:
                refusal.way_back = WayBack(own_flow.return_to)
            raise

    async def _finish(self, flow: Flow, callback: Callback, request_id: str | None) -> str:
        provider = flow.provider
        user = await self.directory.find_user_by_id(flow.user_id)
        if user is None:
            raise FlowInvalid("user_gone")
        tokens = await self._exchange(flow, callback)
        person: ProviderPerson | None = None
        try:
            person = await self.providers[provider].get_person(tokens.access_token)
            emails = await self._emails(provider, tokens)
            by = UserActor(user.id, user.external_id, request_id)
            await self._store(_ProvenAccount(flow, by, person, emails, tokens))
        except DomainError:
            async with self.unit_of_work() as tx:
                account = person.id if person else None
                await request_revocation(tx, self.cipher, provider, account, tokens, at=self.clock.now())
                await tx.commit()
            raise
        return flow.return_to

    async def _exchange(self, flow: Flow, callback: Callback) -> UserTokens:
        callback.require_no_error()
        if callback.code is None or flow.pkce_verifier is None:
            raise CodeMissing("The provider sent you back without an authorization code. Start again.")
        return await self.authorization.exchange(flow, callback.code)

    async def _emails(self, provider: str, tokens: UserTokens) -> set[str]:
        if not self.providers[provider].capabilities.user_emails:
            return set()
        try:
            emails = await self.providers[provider].list_verified_emails(tokens.access_token)
        except PermissionMissing as error:
            raise EmailPermissionMissing(
                "The app is not permitted to read your verified email addresses, which it needs to "
                "attribute your commits. Ask your crewkit operator to grant this permission, then "
                "connect again."
            ) from error
        return {email for email in map(normalize_address, emails) if email}

    async def _store(self, proven: "_ProvenAccount") -> None:
        for tries_left in reversed(range(_MAX_ATTEMPTS)):
            try:
                async with self.unit_of_work() as tx:
                    await self._write(tx, proven)
                    await tx.commit()
            except StorageConflict:
                if not tries_left:
                    raise
            else:
                return

    async def _write(self, tx: Transaction, proven: "_ProvenAccount") -> None:
        flow, person, now = proven.flow, proven.person, self.clock.now()
        if not await tx.user_tokens.exclude_grant_revocation(flow.provider, person.id, now=now):
            raise ProviderUnavailable(
                "Your previous connection is still being revoked at the provider. Connect again in a minute.",
                retry_after=60.0,
            )
        existing = await tx.connections.get_for_update(flow.user_id, flow.provider)
        holders = await tx.connections.list_by_provider_users(flow.provider, [person.id])
        new = Connection(
            id=existing.id if existing else await tx.connections.next_id(),
            external_id=existing.external_id if existing else uuid4(),
            user_id=flow.user_id,
            provider=flow.provider,
            provider_user_id=person.id,
            created_at=now,
            updated_at=now,
            scopes=proven.tokens.scopes,
        )
        after = connect(existing, holders[0] if holders else None, person, new)
        sealed = encrypt_user_tokens(self.cipher, after.external_id, proven.tokens)
        await tx.connections.apply([Change(existing, after, proven.by)])
        await tx.user_tokens.replace(after.id, sealed)
        await tx.connections.replace_emails(after.id, proven.emails)
        await tx.connections.schedule_check(after.id, at=now + LOOKUP_INTERVAL)
        await tx.commit_claims.request(after.id)
        await tx.flows.replace_unchanged(flow.mark_ended(), flow.mark_ended(FlowStatus.COMPLETED))


@dataclass(frozen=True, slots=True)
class _ProvenAccount:
    """The user's account at the provider, after the flow's authorization."""

    flow: Flow
    by: UserActor
    person: ProviderPerson
    emails: set[str]
    tokens: UserTokens
