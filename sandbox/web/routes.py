from starlette.routing import BaseRoute

from sandbox.sandbox import Sandbox
from sandbox.web import (
    actions,
    app_registration,
    apps,
    authorize,
    faults,
    home,
    install,
    installations,
    repositories,
    session,
    settings,
    single_sign_on,
)


def create_page_routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Return the routes of all pages. The routes of repositories match any path, so they come last."""
    return [
        *home.routes(sandbox),
        *session.routes(sandbox),
        *authorize.routes(sandbox),
        *install.routes(sandbox),
        *installations.routes(sandbox),
        *app_registration.routes(sandbox),
        *apps.routes(sandbox),
        *settings.routes(sandbox),
        *single_sign_on.routes(sandbox),
        *faults.routes(sandbox),
        *actions.routes(sandbox),
        *repositories.routes(sandbox),
    ]
