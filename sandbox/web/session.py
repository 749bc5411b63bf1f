"""Who looks at the pages: one of the sandbox's people, chosen without a password."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.web.html import el
from sandbox.web.page import button, page, refused_page

COOKIE = "sandbox_person"

Handler = Callable[[Sandbox, Request, Account], Awaitable[Response]]


def person_of(sandbox: Sandbox, request: Request) -> Account | None:
    """Return who is signed in; people of a former world are nobody."""
    account = sandbox.world.account(request.cookies.get(COOKIE, ""))
    return account if account is not None and account.type == "User" else None


def for_people(sandbox: Sandbox, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Serve a page to who is signed in; others sign in first and come back."""

    async def serve(request: Request) -> Response:
        person = person_of(sandbox, request)
        if person is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?{urlencode({'return_to': here})}", HTTPStatus.SEE_OTHER)
        sandbox.changes += request.method == "POST"
        try:
            return await handle(sandbox, request, person)
        except ActionRefused as refusal:
            return refused_page(person, str(refusal))

    return serve


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form, each with all its values; empty ones are left out."""
    return parse_qs((await request.body()).decode(errors="replace"))


def last(fields: dict[str, list[str]], name: str, default: str = "") -> str:
    """Return a field's value, the last if there are several."""
    return fields.get(name, [default])[-1]


def local(path: str) -> str:
    r"""Return a path of ours: `//host` and `/\host` lead browsers elsewhere."""
    here = path.startswith("/") and path[1:2] not in ("/", "\\")
    return quote(path, safe="/?&=%#-._~+[]") if here else "/"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return signing in."""

    async def show(request: Request) -> Response:
        return_to = local(request.query_params.get("return_to", "/"))
        people = [one for one in sandbox.world.accounts.values() if one.type == "User"]
        rows = [
            el("p", button(one.login, "/login", login=one.login, return_to=return_to), f" {one.name or ''}")
            for one in people
        ]
        return page("Sign in as", rows, person=person_of(sandbox, request))

    async def choose(request: Request) -> Response:
        fields = await read_form(request)
        answer = RedirectResponse(local(last(fields, "return_to", "/")), HTTPStatus.SEE_OTHER)
        answer.set_cookie(COOKIE, last(fields, "login"), httponly=True, samesite="lax")
        return answer

    return [Route("/login", show), Route("/login", choose, methods=["POST"])]
