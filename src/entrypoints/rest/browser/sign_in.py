"""Sign in as one of the demo's people. Exists in development alone: crewkit signs people in elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.domain.errors import DomainError, ErrorKind
from entrypoints.edge.templates import open_templates, style_source
from entrypoints.local.development.demo import DemoUser, demo_users
from entrypoints.local.development.tokens import DEFAULT_LIFETIME, TokenSigner
from entrypoints.rest.http.authentication import Authentication, OriginRefused
from entrypoints.rest.http.bodies import read_body
from entrypoints.rest.http.operations import HTML, Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import LocalPath, Query, read_query
from entrypoints.settings.settings import Settings

PATH = "/dev/sign-in"
_LARGEST_FORM = 4096
_TEMPLATES = open_templates("entrypoints.rest.browser")


class SignInQuery(Query, frozen=True):
    """Where to go on afterwards: a path of ours."""

    return_to: LocalPath = "/"


class PersonUnknown(DomainError):
    """The form does not name one of the demo users. Choose a user on the page."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "demo_user_unknown"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in needs: the people to choose from, asked at every request, and a signer."""

    people: Callable[[], Mapping[str, DemoUser]]
    signer: TokenSigner
    lifetime: timedelta = DEFAULT_LIFETIME


def development_sign_in(settings: Settings) -> SignIn | None:
    """Return signing in with the development key; None in production, and where no key was made."""
    if not (settings.is_development and settings.auth_issuer and settings.auth_audience):
        return None
    if not settings.development_key.exists():
        return None
    signer = TokenSigner(
        settings.development_key.read_bytes(), issuer=settings.auth_issuer, audience=settings.auth_audience
    )
    return SignIn(partial(demo_users, settings.home), signer)


def operations(sign_in: SignIn, authentication: Authentication) -> list[Operation]:
    """Return what shows the people and signs in as the chosen one."""

    async def show(request: Request) -> Response:
        return_to = _path(read_query(request, SignInQuery).return_to)
        page = _TEMPLATES.get_template("sign_in.html").render(people=sign_in.people(), return_to=return_to)
        return HTMLResponse(page, headers=_page_headers())

    async def choose(request: Request) -> Response:
        # Otherwise a page elsewhere could quietly sign this browser in as someone of its choosing.
        authentication.check_origin(request)
        form = parse_qs((await read_body(request, limit=_LARGEST_FORM)).decode("ascii", "replace"))
        by_email = {person.email: person for person in sign_in.people().values()}
        chosen = by_email.get(form.get("email", [""])[0])
        if chosen is None:
            raise PersonUnknown("This user is not on the page. Choose one of the listed users.")
        answer = RedirectResponse(_path(form.get("return_to", ["/"])[0]), HTTPStatus.SEE_OTHER.value)
        answer.set_cookie(
            authentication.cookie,
            sign_in.signer.for_user(chosen.id, lifetime=sign_in.lifetime),
            max_age=int(sign_in.lifetime.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    return [
        Operation(
            "GET",
            PATH,
            show,
            name="show_people",
            summary="Show the demo sign-in page",
            tag=Tag.DEVELOPMENT,
            description="Returns a page with the users of the demo. Available in development only.",
            query=SignInQuery,
            answers=[Answer(media_type=HTML)],
            access=Access.ANYONE,
        ),
        Operation(
            "POST",
            PATH,
            choose,
            name="sign_in",
            summary="Sign in as a demo user",
            tag=Tag.DEVELOPMENT,
            description="Signs in as a demo user and sets the session cookie. Available in development only.",
            answers=[Answer(status=HTTPStatus.SEE_OTHER, headers={"location": "The page to continue with."})],
            refusals=[PersonUnknown, OriginRefused],
            access=Access.ANYONE,
        ),
    ]


def _path(return_to: str) -> str:
    r"""Return a path of ours: `//host` and `/\host` lead browsers elsewhere."""
    local = return_to.startswith("/") and return_to[1:2] not in ("/", "\\")
    return quote(return_to, safe="/?&=%#-._~") if local else "/"


def _page_headers() -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src {style_source(_TEMPLATES, 'page.css')}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    # Without a referrer, browsers post this form with `Origin: null`, which is rejected.
    return {"content-security-policy": policy, "referrer-policy": "same-origin"}
