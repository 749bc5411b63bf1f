"""The home page and the avatars."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.web.html import element
from sandbox.web.page import render_not_found, render_page
from sandbox.web.session import find_person


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the home page and the avatars."""

    async def home(request: Request) -> Response:
        apps = [
            element("p", element("a", f"Install {app.name}", href=f"/apps/{app.slug}/installations/new"))
            for app in sandbox.data.apps.values()
        ]
        return render_page(
            "Sandbox GitHub",
            element(
                "p",
                "This sandbox simulates GitHub on this machine. Sign in as any of its users. No password is needed.",
            ),
            apps,
            person=find_person(sandbox, request),
        )

    async def avatar(request: Request) -> Response:
        account = sandbox.data.accounts.get(request.path_params["number"])
        if account is None:
            return render_not_found(None)
        hue = account.id * 47 % 360
        letter = element("text", account.login[:1].upper(), x="20", y="28", fill="#fff", text_anchor="middle")
        ground = element("rect", width="40", height="40", fill=f"hsl({hue} 45% 45%)")
        picture = element(
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
