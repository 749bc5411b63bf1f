"""Create deliveries for the apps that receive an event."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.behaviour import DeliveryMode
from sandbox.payloads.accounts import render_account, render_organization
from sandbox.payloads.installations import render_installation_reference
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation
from sandbox.state.deliveries import Delivery
from sandbox.state.repositories import Repository

RETENTION = timedelta(days=3)


def emit_repository_event(
    sandbox: Sandbox,
    event: str,
    payload: dict[str, Any],
    *,
    sender: Account,
    repository: Repository,
    installations: Iterable[Installation] | None = None,
) -> None:
    """Deliver an event to every subscribed app that is installed on the repository and not suspended.

    Pass `installations` if they cannot be found by the current owner of the repository.
    """
    data = sandbox.data
    if installations is None:
        installations = [
            installation for installation in data.installations.values() if data.covers(installation, repository)
        ]
    owner = data.accounts[repository.owner_id]
    owner_fields = {"organization": render_organization(sandbox.links, owner)} if owner.type == "Organization" else {}
    for installation in installations:
        if event in installation.events and installation.suspended_at is None:
            full_payload = {
                **payload,
                **owner_fields,
                "sender": render_account(sandbox.links, sender),
                "installation": render_installation_reference(installation),
            }
            app = data.apps[installation.app_id]
            _emit_delivery(sandbox, app, event, full_payload, installation=installation, repository=repository)


def emit_app_event(
    sandbox: Sandbox, app: App, event: str, payload: dict[str, Any], *, installation: Installation | None
) -> None:
    """Deliver an event that requires no subscription to one app."""
    _emit_delivery(sandbox, app, event, payload, installation=installation)


def redeliver(sandbox: Sandbox, former: Delivery) -> Delivery:
    """Send a delivery again with the same GUID, signed with the current secret."""
    app = sandbox.data.apps[former.app_id]
    delivery = Delivery(
        id=sandbox.data.new_id("delivery"),
        guid=former.guid,
        app_id=former.app_id,
        event=former.event,
        action=former.action,
        installation_id=former.installation_id,
        repository_id=former.repository_id,
        delivered_at=sandbox.now(),
        url=app.webhook_url or former.url,
        headers=_build_headers(app, former.event, former.guid, former.body),
        body=former.body,
        redelivery=True,
    )
    _queue(sandbox, delivery)
    return delivery


def delete_old_deliveries(sandbox: Sandbox) -> None:
    """Delete deliveries that are too old for GitHub's log."""
    oldest = sandbox.now() - RETENTION
    deliveries = sandbox.data.deliveries  # oldest first
    while deliveries and (first := next(iter(deliveries.values()))).delivered_at < oldest:
        del deliveries[first.id]


def _emit_delivery(
    sandbox: Sandbox,
    app: App,
    event: str,
    payload: dict[str, Any],
    *,
    installation: Installation | None,
    repository: Repository | None = None,
) -> None:
    if sandbox.behaviour.delivering is DeliveryMode.NEVER or not (app.webhook_active and app.webhook_url):
        return
    guid, body = str(uuid4()), msgspec.json.encode(payload)
    _queue(
        sandbox,
        Delivery(
            id=sandbox.data.new_id("delivery"),
            guid=guid,
            app_id=app.id,
            event=event,
            action=payload.get("action"),
            installation_id=installation.id if installation else None,
            repository_id=repository.id if repository else None,
            delivered_at=sandbox.now(),
            url=app.webhook_url,
            headers=_build_headers(app, event, guid, body),
            body=body,
        ),
    )


def _queue(sandbox: Sandbox, delivery: Delivery) -> None:
    sandbox.data.deliveries[delivery.id] = delivery
    match sandbox.behaviour.delivering:
        case DeliveryMode.HELD:
            sandbox.outbox.held.append(delivery)
        case DeliveryMode.FAILING:
            delivery.status = "failed to connect to host"
        case _:
            sandbox.outbox.waiting.put_nowait(delivery)


def _build_headers(app: App, event: str, guid: str, body: bytes) -> dict[str, str]:
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
