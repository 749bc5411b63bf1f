"""Turn what happened into deliveries for every app that may know of it."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.behaviour import Delivering
from sandbox.payloads.accounts import organization, simple_user
from sandbox.payloads.installations import installation_reference
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation
from sandbox.state.deliveries import Delivery
from sandbox.state.repositories import Repository

RETENTION = timedelta(days=3)


def emit_about_repository(
    sandbox: Sandbox,
    event: str,
    payload: dict[str, Any],
    *,
    sender: Account,
    repository: Repository,
    installations: Iterable[Installation] | None = None,
) -> None:
    """Tell every app that is installed on the repository, subscribed to the event and not suspended.

    `installations` names them where they can no longer be found by the repository's present owner.
    """
    world = sandbox.world
    if installations is None:
        installations = [one for one in world.installations.values() if world.covers(one, repository)]
    owner = world.accounts[repository.owner_id]
    about = {"organization": organization(sandbox.links, owner)} if owner.type == "Organization" else {}
    for installation in installations:
        if event in installation.events and installation.suspended_at is None:
            whole = {
                **payload,
                **about,
                "sender": simple_user(sandbox.links, sender),
                "installation": installation_reference(installation),
            }
            app = world.apps[installation.app_id]
            _deliver(sandbox, app, event, whole, installation=installation, repository=repository)


def emit_to_app(
    sandbox: Sandbox, app: App, event: str, payload: dict[str, Any], *, installation: Installation | None
) -> None:
    """Tell one app what it need not subscribe to."""
    _deliver(sandbox, app, event, payload, installation=installation)


def redeliver(sandbox: Sandbox, former: Delivery) -> Delivery:
    """Send a delivery again, under the same GUID and signed with the secret of today."""
    app = sandbox.world.apps[former.app_id]
    again = Delivery(
        id=sandbox.world.new_id("delivery"),
        guid=former.guid,
        app_id=former.app_id,
        event=former.event,
        action=former.action,
        installation_id=former.installation_id,
        repository_id=former.repository_id,
        delivered_at=sandbox.now(),
        url=app.webhook_url or former.url,
        headers=_headers(app, former.event, former.guid, former.body),
        body=former.body,
        redelivery=True,
    )
    _post(sandbox, again)
    return again


def forget_old_deliveries(sandbox: Sandbox) -> None:
    """Drop what is older than GitHub's log reaches."""
    oldest = sandbox.now() - RETENTION
    deliveries = sandbox.world.deliveries  # oldest first
    while deliveries and (first := next(iter(deliveries.values()))).delivered_at < oldest:
        del deliveries[first.id]


def _deliver(
    sandbox: Sandbox,
    app: App,
    event: str,
    payload: dict[str, Any],
    *,
    installation: Installation | None,
    repository: Repository | None = None,
) -> None:
    if sandbox.behaviour.delivering is Delivering.NEVER or not (app.webhook_active and app.webhook_url):
        return
    guid, body = str(uuid4()), msgspec.json.encode(payload)
    _post(
        sandbox,
        Delivery(
            id=sandbox.world.new_id("delivery"),
            guid=guid,
            app_id=app.id,
            event=event,
            action=payload.get("action"),
            installation_id=installation.id if installation else None,
            repository_id=repository.id if repository else None,
            delivered_at=sandbox.now(),
            url=app.webhook_url,
            headers=_headers(app, event, guid, body),
            body=body,
        ),
    )


def _post(sandbox: Sandbox, delivery: Delivery) -> None:
    sandbox.world.deliveries[delivery.id] = delivery
    match sandbox.behaviour.delivering:
        case Delivering.HELD:
            sandbox.outbox.held.append(delivery)
        case Delivering.FAILING:
            delivery.status = "failed to connect to host"
        case _:
            sandbox.outbox.waiting.put_nowait(delivery)


def _headers(app: App, event: str, guid: str, body: bytes) -> dict[str, str]:
    secret = app.webhook_secret.encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a4d80c",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": f"sha1={hmac.new(secret, body, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}",
    }
