"""Sign in as one of the demo users. Available in development only; crewkit has its own sign-in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.domain.errors import DomainError, ErrorKind
from entrypoints.development.running_demo import DemoUser, demo_users
from entrypoints.development.tokens import DEFAULT_LIFETIME, TokenSigner
from entrypoints.edge.templates import open_templates, style_source
from entrypoints.rest.http.authentication import Authentication, OriginNotAllowed
from entrypoints.rest.http.operations import HTML, Access, Call, Operation, OperationGroup, Success, Tag, redirect_to
from entrypoints.rest.http.requests import IgnoredQuery, LocalPath, Query, read_form
from entrypoints.settings.settings import Settings

PATH = "/dev/sign-in"
_MAX_FORM_BYTES = 4096
_TEMPLATES = open_templates("entrypoints.rest.browser")


class SignInQuery(Query, frozen=True):
    """Where the browser goes after sign-in: a path of this service."""

    return_to: LocalPath = "/"


class DemoUserUnknown(DomainError):
    """The form does not name one of the demo users. Choose a user on the page."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "demo_user_unknown"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The demo users, read for each request, and the signer of their tokens."""

    people: Callable[[], Mapping[str, DemoUser]]
    signer: TokenSigner
    lifetime: timedelta = DEFAULT_LIFETIME


def development_sign_in(settings: Settings) -> SignIn | None:
    """Return the sign-in with the development key; None in production or without a key."""
    if not (settings.is_development and settings.auth_issuer and settings.auth_audience):
        return None
    if not settings.development_key.exists():
        return None
    signer = TokenSigner(
        settings.development_key.read_bytes(), issuer=settings.auth_issuer, audience=settings.auth_audience
    )
    return SignIn(partial(demo_users, settings.home), signer)


def operations(sign_in: SignIn, authentication: Authentication) -> list[Operation]:
    """Return the operations that show the demo users and sign in as one of them."""
    group = OperationGroup(Tag.DEVELOPMENT)

    @group.add(
        "GET",
        PATH,
        "Show the demo sign-in page",
        Success(media_type=HTML),
        access=Access.ANYONE,
        description="Returns a page with the users of the demo. Available in development only.",
    )
    async def show_people(call: Call[SignInQuery, None]) -> Response:
        return_to = _to_safe_path(call.query.return_to)
        page = _TEMPLATES.get_template("sign_in.html").render(people=sign_in.people(), return_to=return_to)
        return HTMLResponse(page, headers=_page_headers())

    @group.add(
        "POST",
        PATH,
        "Sign in as a demo user",
        redirect_to("The page to continue with.", HTTPStatus.SEE_OTHER),
        name="sign_in",
        errors=[DemoUserUnknown, OriginNotAllowed],
        access=Access.ANYONE,
        description="Signs in as a demo user and sets the session cookie. Available in development only.",
    )
    async def choose_user(call: Call[IgnoredQuery, None]) -> Response:
        # Otherwise a page of another site could sign this browser in as a user that the page chooses.
        authentication.require_origin(call.request)
        form = await read_form(call.request, max_bytes=_MAX_FORM_BYTES)
        by_email = {user.email: user for user in sign_in.people().values()}
        user = by_email.get(form.get("email", ""))
        if user is None:
            raise DemoUserUnknown("This user is not on the page. Choose one of the listed users.")
        response = RedirectResponse(_to_safe_path(form.get("return_to", "/")), HTTPStatus.SEE_OTHER.value)
        response.set_cookie(
            authentication.cookie,
            sign_in.signer.for_user(user.id, lifetime=sign_in.lifetime),
            max_age=int(sign_in.lifetime.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=call.request.url.scheme == "https",
        )
        return response

    return group.operations


def _to_safe_path(return_to: str) -> str:
    r"""Return the path, or `/` if it leads to another host, such as `//host` and `/\host`."""
    is_local = return_to.startswith("/") and return_to[1:2] not in ("/", "\\")
    return quote(return_to, safe="/?&=%#-._~") if is_local else "/"


def _page_headers() -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src {style_source(_TEMPLATES, 'page.css')}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    # Without a referrer, browsers post this form with `Origin: null`, which is rejected.
    return {"content-security-policy": policy, "referrer-policy": "same-origin"}
