"""The form target of all actions."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.table import ACTIONS
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.repositories import Repository
from sandbox.web.page import redirect, render_not_found
from sandbox.web.session import keep_local_path, read_field, read_form, require_sign_in


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the route of all actions."""
    return [Route("/do/{action}", require_sign_in(sandbox, _run_action), methods=["POST"])]


async def _run_action(sandbox: Sandbox, request: Request, person: Account) -> Response:
    """Run an action, then redirect to `return_to`, or to a renamed repository."""
    action, fields = ACTIONS.get(request.path_params["action"]), await read_form(request)
    if action is None:
        return render_not_found(person)
    return_to = keep_local_path(read_field(fields, "return_to", "/"))
    arguments = {
        name: values if name in action.lists else values[-1] for name, values in fields.items() if name != "return_to"
    }
    result = action(sandbox, person, arguments, strict=False)
    await sandbox.wait_for_deliveries()
    return redirect(f"/{sandbox.data.full_name(result)}" if isinstance(result, Repository) else return_to)
