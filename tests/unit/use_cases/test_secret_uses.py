"""Which accepted webhook secret is still in use."""

from adapters.github.protocol.signature import SigningSecret
from core.use_cases.deliveries.webhook_secrets import RecordSecretUses
from testing.memory.clock import SettableClock
from testing.memory.provider import FakeProvider
from tests.support.builders.domain import NOW
from tests.support.builders.webhooks import SECRET
from tests.support.scenarios.processing import Processing, push


async def test_stores_the_last_use_of_a_secret() -> None:
    """By fingerprint, once a minute."""
    processing = Processing()
    record = RecordSecretUses(processing.unit_of_work, {"github": processing.protocol}, {})
    await processing.deliver("push", push())
    await record()
    assert processing.database.committed.secret_uses == processing.protocol.get_secret_uses()
    assert list(processing.protocol.get_secret_uses()) == [SigningSecret(SECRET).fingerprint]


async def test_writes_nothing_without_a_use() -> None:
    """An idle process opens no transaction."""
    processing = Processing()
    await RecordSecretUses(processing.unit_of_work, {"github": processing.protocol}, {})()
    assert processing.unit_of_work.opened == 0


async def test_stores_the_last_use_of_the_app_key() -> None:
    """By the provider's name for it, of any process."""
    processing = Processing()
    provider = FakeProvider(SettableClock(NOW))
    record = RecordSecretUses(processing.unit_of_work, {}, {"github": provider})
    await record()
    assert processing.unit_of_work.opened == 0
    await provider.get_app()
    await record()
    assert processing.database.committed.secret_uses == {"SHA256:fake": NOW}
