"""An app about itself and its installations."""

from http import HTTPStatus

from sandbox.actions.installations import suspend, uninstall, unsuspend
from sandbox.payloads.installations import app, installation_in_api, installation_request
from sandbox.rest.answers import Answer, not_found
from sandbox.rest.call import NEXT_VERSION, Call
from sandbox.rest.endpoint import Endpoint
from sandbox.state.apps import Installation


def show_app(call: Call) -> Answer:
    """Show the app that asks."""
    return Answer(app(call.sandbox.links, call.sandbox.world, call.as_app().app))


def list_installations(call: Call) -> Answer:
    """List where the app is installed, suspended or not."""
    sandbox, asking = call.sandbox, call.as_app().app
    found = [one for one in sandbox.world.installations.values() if one.app_id == asking.id]
    if "outdated" in call.query:
        found = [one for one in found if one.permissions != asking.installation_permissions]
    return call.listing(found, lambda one: installation_in_api(sandbox.links, sandbox.world, one))


def show_installation(call: Call) -> Answer:
    """Show one installation, suspended or not."""
    return Answer(installation_in_api(call.sandbox.links, call.sandbox.world, installation_of(call)))


def delete_installation(call: Call) -> Answer:
    """Uninstall; the newer API promises only to do it soon."""
    installation = installation_of(call)
    uninstall(call.sandbox, call.sandbox.world.accounts[installation.account_id], installation)
    newer = call.version == NEXT_VERSION
    return Answer(status=HTTPStatus.ACCEPTED if newer else HTTPStatus.NO_CONTENT)


def suspend_installation(call: Call) -> Answer:
    """Suspend it, by the app's own will."""
    installation = installation_of(call)
    suspend(call.sandbox, call.sandbox.world.accounts[call.as_app().app.owner_id], installation)
    return Answer(status=HTTPStatus.NO_CONTENT)


def unsuspend_installation(call: Call) -> Answer:
    """Lift a suspension."""
    installation = installation_of(call)
    unsuspend(call.sandbox, call.sandbox.world.accounts[call.as_app().app.owner_id], installation)
    return Answer(status=HTTPStatus.NO_CONTENT)


def list_requests(call: Call) -> Answer:
    """List the requests that wait for an owner."""
    sandbox, asking = call.sandbox, call.as_app().app
    found = [one for one in sandbox.world.requests.values() if one.app_id == asking.id]
    return call.listing(found, lambda one: installation_request(sandbox.links, sandbox.world, one))


def installation_of(call: Call) -> Installation:
    """Return the installation the path names, if it is the asking app's."""
    asking = call.as_app().app
    installation = call.sandbox.world.installations.get(call.number("installation_id"))
    if installation is None or installation.app_id != asking.id:
        raise not_found()
    return installation


ENDPOINTS = (
    Endpoint("GET", "/app", show_app),
    Endpoint("GET", "/app/installations", list_installations),
    Endpoint("GET", "/app/installation-requests", list_requests),
    Endpoint("GET", "/app/installations/{installation_id:int}", show_installation),
    Endpoint("DELETE", "/app/installations/{installation_id:int}", delete_installation),
    Endpoint("PUT", "/app/installations/{installation_id:int}/suspended", suspend_installation),
    Endpoint("DELETE", "/app/installations/{installation_id:int}/suspended", unsuspend_installation),
)
