"""An app as GitHub shows it once."""

import json

from adapters.github.registration import RegisteredApp
from tests.support.builders.tokens import private_pem, rsa_key

REGISTERED = RegisteredApp(
    id=1234567,
    slug="crewkit-dev",
    name="crewkit-dev",
    html_url="https://github.com/apps/crewkit-dev",
    client_id="Iv23liExample00000000",
    client_secret="c" * 40,
    pem=private_pem(rsa_key()).decode(),
    webhook_secret="6b4fd0c8a1e5973d2c8b0f7e46a9d35182cbe074",
)
ANSWER = json.dumps(
    {
        "id": REGISTERED.id,
        "slug": REGISTERED.slug,
        "name": REGISTERED.name,
        "html_url": REGISTERED.html_url,
        "client_id": REGISTERED.client_id,
        "client_secret": REGISTERED.client_secret,
        "pem": REGISTERED.pem,
        "webhook_secret": REGISTERED.webhook_secret,
        "owner": {"login": "mara", "type": "User"},
    }
).encode()
