"""Every action as the target of a form."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.table import ACTIONS
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import Repository
from sandbox.web.page import go_to, not_found_page
from sandbox.web.sending import sent_as_wished
from sandbox.web.session import for_people, last, local, read_form


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the one route of all actions."""
    return [Route("/do/{action}", for_people(sandbox, _do), methods=["POST"])]


async def _do(sandbox: Sandbox, request: Request, person: Account) -> Response:
    """Do it, and go where the form says: back, or to the repository under its new name."""
    action, fields = ACTIONS.get(request.path_params["action"]), await read_form(request)
    if action is None:
        return not_found_page(person)
    return_to = local(last(fields, "return_to", "/"))
    told = {
        name: values if name in action.lists else values[-1] for name, values in fields.items() if name != "return_to"
    }
    done = action(sandbox, person, told, strict=False)
    await sent_as_wished(sandbox)
    return go_to(f"/{sandbox.world.full_name(done)}" if isinstance(done, Repository) else return_to)
