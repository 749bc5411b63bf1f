import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.deliveries.delivery import SourceSecrets
from core.domain.deliveries.source_key import is_source_key
from core.domain.secret import Secret
from core.use_cases.tokens.encryption import open_webhook_secret
from ports.encryption import Cipher, CiphertextRefused
from ports.provider import GitProvider
from ports.system import Alerts
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

_DECOY_CONTEXT = "decoy"


class FindSourceSecrets:
    """Find the webhook secret of the integration that an unverified request claims to be for.

    An unknown integration gets a random secret after the same work, so that neither the answer nor its time
    shows which integrations exist. Not promised: that no difference of microseconds can be measured.
    """

    def __init__(self, unit_of_work: UnitOfWork, cipher: Cipher, alerts: Alerts) -> None:
        self._unit_of_work = unit_of_work
        self._cipher = cipher
        self._alerts = alerts
        self._decoy: str | None = None

    async def __call__(self, provider: str, source_key: str) -> SourceSecrets:
        """Return the secrets to verify the request with, never none; raises `StorageUnavailable`."""
        # A text that cannot be a key is looked up all the same, as one that no integration has.
        wanted = source_key if is_source_key(source_key) else ""
        async with self._unit_of_work() as tx:
            sealed = await tx.integrations.find_webhook_secret(provider, wanted)
        if sealed is None:
            return SourceSecrets(source_key, (self._open_decoy(),))
        try:
            secret = open_webhook_secret(self._cipher, sealed)
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
    """Keep when each webhook secret and each key of our app was last used, so that an old one can be retired.

    Called once a minute: deliveries and calls only note it in memory.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]

    async def __call__(self) -> None:
        """Write the last uses of this process; raises `StorageUnavailable`."""
        noted = [protocol.get_secret_uses() for protocol in self.protocols.values()]
        noted += [provider.get_key_uses() for provider in self.providers.values()]
        uses = {mark: at for one in noted for mark, at in one.items()}
        if not uses:
            return
        async with self.unit_of_work() as tx:
            await tx.housekeeping.record_secret_uses(uses)
            await tx.commit()
