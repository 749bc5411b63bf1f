"""The first page, and pictures of people."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.web.html import el
from sandbox.web.page import not_found_page, page
from sandbox.web.session import person_of


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the first page and the pictures."""

    async def home(request: Request) -> Response:
        apps = [
            el("p", el("a", f"Install {one.name}", href=f"/apps/{one.slug}/installations/new"))
            for one in sandbox.world.apps.values()
        ]
        return page(
            "Sandbox GitHub",
            el(
                "p",
                "This sandbox simulates GitHub on this machine. Sign in as any of its users. No password is needed.",
            ),
            apps,
            person=person_of(sandbox, request),
        )

    async def avatar(request: Request) -> Response:
        account = sandbox.world.accounts.get(request.path_params["number"])
        if account is None:
            return not_found_page(None)
        hue = account.id * 47 % 360
        letter = el("text", account.login[:1].upper(), x="20", y="28", fill="#fff", text_anchor="middle")
        ground = el("rect", width="40", height="40", fill=f"hsl({hue} 45% 45%)")
        picture = el(
            "svg",
            ground,
            letter,
            xmlns="http://www.w3.org/2000/svg",
            viewBox="0 0 40 40",
            font_family="sans-serif",
            font_size="22",
        )
        return Response(picture, media_type="image/svg+xml")

    return [Route("/", home), Route("/avatars/u/{number:int}", avatar)]
