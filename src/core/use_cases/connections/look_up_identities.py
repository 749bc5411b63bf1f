from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.domain.actors import SystemActor
from core.domain.attribution.authors import normalize_address
from core.domain.audit import Change
from core.domain.connections import Connection, ProviderPerson
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.provider_errors import AppRefused, CredentialRefused, PermissionMissing
from core.domain.secret import Secret
from core.use_cases.tokens.get_user_token import GetUserToken
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

LOOKUP_INTERVAL = timedelta(days=1)
_RETRY_AFTER = timedelta(hours=1)
_BATCH_SIZE = 20
_BY = SystemActor("scheduler")


@dataclass(frozen=True, slots=True)
class LookUpIdentities:
    """Read users' logins and verified emails once a day: the provider sends no webhook for changes."""

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    tokens: GetUserToken
    clock: Clock

    async def __call__(self) -> int:
        """Return the number of connections that were due and updated; raises `StorageUnavailable`.

        A connection that fails is due again after an hour, and does not affect the others.
        """
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            due = await tx.connections.claim_due_checks(now=now, until=now + _RETRY_AFTER, limit=_BATCH_SIZE)
            await tx.commit()
        return sum([await self._update(connection) for connection in due])

    async def _update(self, connection: Connection) -> bool:
        try:
            person, emails = await self._fetch(connection)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        await self._store(connection, person, emails)
        return True

    async def _fetch(self, connection: Connection) -> tuple[ProviderPerson, set[str] | None]:
        token = await self.tokens(connection)
        try:
            return await self._fetch_with(connection.provider, token)
        except AppRefused:
            raise
        except CredentialRefused:
            token = await self.tokens(connection, instead_of=token)
            return await self._fetch_with(connection.provider, token)

    async def _fetch_with(self, name: str, token: Secret) -> tuple[ProviderPerson, set[str] | None]:
        provider = self.providers[name]
        person = await provider.get_person(token)
        if not provider.capabilities.user_emails:
            return person, None
        try:
            emails = await provider.list_verified_emails(token)
        except PermissionMissing:
            return person, None
        return person, {email for email in map(normalize_address, emails) if email}

    async def _store(self, checked: Connection, person: ProviderPerson, emails: set[str] | None) -> None:
        async with self.unit_of_work() as tx:
            current = await tx.connections.get_for_update(checked.user_id, checked.provider)
            # The user may have disconnected, or connected another account.
            if current is None or current.id != checked.id or current.provider_user_id != person.id:
                return
            after = current.with_profile(person)
            if after != current:
                await tx.connections.apply([Change(current, after, _BY)])
            if emails is not None and await tx.connections.replace_emails(current.id, emails):
                await tx.commit_claims.request(current.id)
            await tx.connections.schedule_check(current.id, at=self.clock.now() + LOOKUP_INTERVAL)
            await tx.commit()
