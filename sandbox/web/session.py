"""The session of a page: a person of the sandbox, signed in without a password."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.web.html import element
from sandbox.web.page import button, render_page, render_refusal

COOKIE = "sandbox_person"

Handler = Callable[[Sandbox, Request, Account], Awaitable[Response]]


def find_person(sandbox: Sandbox, request: Request) -> Account | None:
    """Return the signed-in person, or None. The person may not exist any more after a reset."""
    account = sandbox.data.account(request.cookies.get(COOKIE, ""))
    return account if account is not None and account.type == "User" else None


def require_sign_in(sandbox: Sandbox, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that redirects to the sign-in page if nobody is signed in."""

    async def serve(request: Request) -> Response:
        person = find_person(sandbox, request)
        if person is None:
            url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?{urlencode({'return_to': url})}", HTTPStatus.SEE_OTHER)
        sandbox.changes += request.method == "POST"
        try:
            return await handle(sandbox, request, person)
        except ActionRefused as refusal:
            return render_refusal(person, str(refusal))

    return serve


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form with all their values, without empty fields."""
    return parse_qs((await request.body()).decode(errors="replace"))


def read_field(fields: dict[str, list[str]], name: str, default: str = "") -> str:
    """Return a field's value, the last if there are several."""
    return fields.get(name, [default])[-1]


def keep_local_path(path: str) -> str:
    r"""Return the path, or `/` if it leads to another host, as `//host` and `/\host` do."""
    is_local = path.startswith("/") and path[1:2] not in ("/", "\\")
    return quote(path, safe="/?&=%#-._~+[]") if is_local else "/"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the sign-in page and its target."""

    async def show(request: Request) -> Response:
        return_to = keep_local_path(request.query_params.get("return_to", "/"))
        people = [account for account in sandbox.data.accounts.values() if account.type == "User"]
        rows = [
            element(
                "p", button(account.login, "/login", login=account.login, return_to=return_to), f" {account.name or ''}"
            )
            for account in people
        ]
        return render_page("Sign in as", rows, person=find_person(sandbox, request))

    async def choose(request: Request) -> Response:
        fields = await read_form(request)
        response = RedirectResponse(keep_local_path(read_field(fields, "return_to", "/")), HTTPStatus.SEE_OTHER)
        response.set_cookie(COOKIE, read_field(fields, "login"), httponly=True, samesite="lax")
        return response

    return [Route("/login", show), Route("/login", choose, methods=["POST"])]
