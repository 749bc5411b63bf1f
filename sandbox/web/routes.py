from starlette.routing import BaseRoute

from sandbox.sandbox import Sandbox
from sandbox.web import (
    apps,
    authorize,
    do,
    faults,
    home,
    install,
    installations,
    registering,
    repositories,
    session,
    settings,
    single_sign_on,
)


def pages(sandbox: Sandbox) -> list[BaseRoute]:
    """Return every page; those of repositories take any path, so they come last."""
    return [
        *home.routes(sandbox),
        *session.routes(sandbox),
        *authorize.routes(sandbox),
        *install.routes(sandbox),
        *installations.routes(sandbox),
        *registering.routes(sandbox),
        *apps.routes(sandbox),
        *settings.routes(sandbox),
        *single_sign_on.routes(sandbox),
        *faults.routes(sandbox),
        *do.routes(sandbox),
        *repositories.routes(sandbox),
    ]
