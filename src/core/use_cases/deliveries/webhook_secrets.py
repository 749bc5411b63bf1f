import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.deliveries.delivery import SourceSecrets
from core.domain.deliveries.source_key import is_source_key
from core.domain.secret import Secret
from core.use_cases.tokens.encryption import decrypt_webhook_secret
from ports.encryption import Cipher, CiphertextRefused
from ports.provider import GitProvider
from ports.system import Alerts
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

_DECOY_CONTEXT = "decoy"


class FindSourceSecrets:
    """Find the webhook secret of the integration that an unverified request names.

    An unknown integration gets a random secret after the same work, so that neither the response nor its time
    shows which integrations exist. Differences of microseconds may still be measurable.
    """

    def __init__(self, unit_of_work: UnitOfWork, cipher: Cipher, alerts: Alerts) -> None:
        self._unit_of_work = unit_of_work
        self._cipher = cipher
        self._alerts = alerts
        self._decoy: str | None = None

    async def __call__(self, provider: str, source_key: str) -> SourceSecrets:
        """Return at least one secret to verify the request with; raises `StorageUnavailable`."""
        # An invalid key is looked up too, as a key that no integration has.
        valid_key = source_key if is_source_key(source_key) else ""
        async with self._unit_of_work() as tx:
            sealed = await tx.integrations.find_webhook_secret(provider, valid_key)
        if sealed is None:
            return SourceSecrets(source_key, (self._open_decoy(),))
        try:
            secret = decrypt_webhook_secret(self._cipher, sealed)
        except CiphertextRefused:
            self._alerts.alert(
                "webhook_secret_unreadable",
                "The webhook secret of an integration cannot be decrypted, so the integration's deliveries "
                "are rejected. To see which encryption key is missing, run `crewkit-git keys verify`.",
                integration_id=str(sealed.external_id),
            )
            secret = self._open_decoy()
        return SourceSecrets(source_key, (secret,))

    def _open_decoy(self) -> Secret:
        if self._decoy is None:
            self._decoy = self._cipher.encrypt(Secret(secrets.token_urlsafe(32)), context=_DECOY_CONTEXT)
        return self._cipher.decrypt(self._decoy, context=_DECOY_CONTEXT)


@dataclass(frozen=True, slots=True)
class RecordSecretUses:
    """Store when each webhook secret and app key was last used, so that operators can remove old ones.

    Called once a minute. Deliveries and provider requests record their uses in memory.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]

    async def __call__(self) -> None:
        """Store the last uses in this process; raises `StorageUnavailable`."""
        uses_by_adapter = [protocol.get_secret_uses() for protocol in self.protocols.values()]
        uses_by_adapter += [provider.get_key_uses() for provider in self.providers.values()]
        uses = {mark: at for adapter_uses in uses_by_adapter for mark, at in adapter_uses.items()}
        if not uses:
            return
        async with self.unit_of_work() as tx:
            await tx.housekeeping.record_secret_uses(uses)
            await tx.commit()
