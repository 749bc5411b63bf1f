"""An app that was just registered, fetching its secrets."""

from datetime import timedelta
from http import HTTPStatus

from sandbox.payloads.installations import app
from sandbox.rest.answers import Answer, not_found
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint

_CODE_LIFETIME = timedelta(hours=1)


def convert(call: Call) -> Answer:
    """Show the app with its secrets, once and without authentication: the code is the proof."""
    sandbox = call.sandbox
    registration = sandbox.world.registrations.pop(call.parts["code"], None)
    if registration is None or registration.created_at + _CODE_LIFETIME <= sandbox.now():
        raise not_found()
    made = sandbox.world.apps[registration.app_id]
    secrets = {
        "client_id": made.client_id,
        "client_secret": made.client_secret,
        "webhook_secret": made.webhook_secret,
        "pem": registration.private_key,
    }
    return Answer({**app(sandbox.links, sandbox.world, made), **secrets}, HTTPStatus.CREATED)


ENDPOINTS = (Endpoint("POST", "/app-manifests/{code}/conversions", convert),)
