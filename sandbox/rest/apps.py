"""The operations of an app on itself and its installations."""

from datetime import timedelta
from http import HTTPStatus

from sandbox.actions.installation_changes import suspend, uninstall, unsuspend
from sandbox.payloads.installations import render_api_installation, render_app, render_installation_request
from sandbox.rest.answers import ApiResponse, not_found
from sandbox.rest.call import NEXT_VERSION, Call, Endpoint
from sandbox.state.apps import Installation

_CODE_LIFETIME = timedelta(hours=1)


def show_app(call: Call) -> ApiResponse:
    """Return the authenticated app."""
    return ApiResponse(render_app(call.sandbox.links, call.sandbox.data, call.as_app().app))


def list_installations(call: Call) -> ApiResponse:
    """List the installations of the app, including suspended ones."""
    sandbox, app = call.sandbox, call.as_app().app
    installations = [
        installation for installation in sandbox.data.installations.values() if installation.app_id == app.id
    ]
    if "outdated" in call.query:
        installations = [
            installation for installation in installations if installation.permissions != app.installation_permissions
        ]
    return call.render_list(
        installations, lambda installation: render_api_installation(sandbox.links, sandbox.data, installation)
    )


def show_installation(call: Call) -> ApiResponse:
    """Return an installation, suspended or not."""
    return ApiResponse(render_api_installation(call.sandbox.links, call.sandbox.data, get_installation(call)))


def delete_installation(call: Call) -> ApiResponse:
    """Uninstall the app. The newer API version responds with 202."""
    installation = get_installation(call)
    uninstall(call.sandbox, call.sandbox.data.accounts[installation.account_id], installation)
    is_newer = call.version == NEXT_VERSION
    return ApiResponse(status=HTTPStatus.ACCEPTED if is_newer else HTTPStatus.NO_CONTENT)


def suspend_installation(call: Call) -> ApiResponse:
    """Suspend an installation as the app."""
    installation = get_installation(call)
    suspend(call.sandbox, call.sandbox.data.accounts[call.as_app().app.owner_id], installation)
    return ApiResponse(status=HTTPStatus.NO_CONTENT)


def unsuspend_installation(call: Call) -> ApiResponse:
    """End the suspension of an installation as the app."""
    installation = get_installation(call)
    unsuspend(call.sandbox, call.sandbox.data.accounts[call.as_app().app.owner_id], installation)
    return ApiResponse(status=HTTPStatus.NO_CONTENT)


def list_requests(call: Call) -> ApiResponse:
    """List the pending installation requests."""
    sandbox, app = call.sandbox, call.as_app().app
    requests = [request for request in sandbox.data.requests.values() if request.app_id == app.id]
    return call.render_list(
        requests,
        lambda installation_request: render_installation_request(sandbox.links, sandbox.data, installation_request),
    )


def get_installation(call: Call) -> Installation:
    """Return the app's installation that the path names; raises `Refusal`."""
    app = call.as_app().app
    installation = call.sandbox.data.installations.get(call.number("installation_id"))
    if installation is None or installation.app_id != app.id:
        raise not_found()
    return installation


def convert_manifest(call: Call) -> ApiResponse:
    """Return the app with its secrets once. The code replaces authentication."""
    sandbox = call.sandbox
    registration = sandbox.data.registrations.pop(call.parts["code"], None)
    if registration is None or registration.created_at + _CODE_LIFETIME <= sandbox.now():
        raise not_found()
    app = sandbox.data.apps[registration.app_id]
    secrets = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "webhook_secret": app.webhook_secret,
        "pem": registration.private_key,
    }
    return ApiResponse({**render_app(sandbox.links, sandbox.data, app), **secrets}, HTTPStatus.CREATED)


ENDPOINTS = (
    Endpoint("POST", "/app-manifests/{code}/conversions", convert_manifest),
    Endpoint("GET", "/app", show_app),
    Endpoint("GET", "/app/installations", list_installations),
    Endpoint("GET", "/app/installation-requests", list_requests),
    Endpoint("GET", "/app/installations/{installation_id:int}", show_installation),
    Endpoint("DELETE", "/app/installations/{installation_id:int}", delete_installation),
    Endpoint("PUT", "/app/installations/{installation_id:int}/suspended", suspend_installation),
    Endpoint("DELETE", "/app/installations/{installation_id:int}/suspended", unsuspend_installation),
)
