from contextlib import suppress
from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.permissions import Action
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.authorization import AccessControl
from core.use_cases.connections.revoke_tokens import request_revocation
from core.use_cases.tokens.encryption import decrypt_access_token, decrypt_refresh_token
from ports.encryption import Cipher, CiphertextRefused
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class DisconnectAccount:
    """Delete a user's connection. Existing attributions stay, and no new ones are made.

    The same transaction stores the tokens to revoke: the provider may be unavailable, and the user should not
    wait for it.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    cipher: Cipher
    clock: Clock

    async def __call__(self, actor: Actor, *, provider: str) -> None:
        """Disconnect. Without a connection, this changes nothing.

        Raises `UserRequired`, `ActionForbidden` or `ProviderUnknown`.
        """
        user = self.access_control.require_own_accounts(actor, Action.END_CONNECTION, provider)
        async with self.unit_of_work() as tx:
            connection = await tx.connections.get_for_update(user.user_id, provider)
            if connection is not None:
                # Without its key a token cannot be revoked, which must not prevent disconnecting.
                with suppress(CiphertextRefused):
                    await self._request_revocation(tx, connection)
                await tx.connections.apply([Change(connection, None, actor)])
                await tx.commit()

    async def _request_revocation(self, tx: Transaction, connection: Connection) -> None:
        row = await tx.user_tokens.find(connection.id)
        if row is None or row.tokens is None:
            return
        tokens = UserTokens(
            access_token=decrypt_access_token(self.cipher, connection.external_id, row.tokens),
            expires_at=None,
            refresh_token=decrypt_refresh_token(self.cipher, connection.external_id, row.tokens),
            refresh_expires_at=None,
        )
        await request_revocation(
            tx,
            self.cipher,
            connection.provider,
            connection.provider_user_id,
            tokens,
            at=self.clock.now(),
            whole_grant=True,
        )
