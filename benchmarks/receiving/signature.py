"""Verify GitHub's signature, for the baselines whose framework does not."""

import hashlib
import hmac
import os

_SECRET = os.environ["WEBHOOK_SECRET"].encode()


def is_valid(body: bytes, header: str) -> bool:
    """Say whether the header signs the body: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries."""
    expected = "sha256=" + hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode())
