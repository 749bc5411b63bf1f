"""Git over HTTP, read only: `git clone` and `git fetch` with a token, as GitHub serves them.

https://git-scm.com/docs/http-protocol; installation tokens are passwords of the user `x-access-token`.
"""

import base64
import binascii
import gzip
import io
import zlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from dulwich.objects import ObjectID
from dulwich.protocol import ReceivableProtocol
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo
from dulwich.server import BackendRepo, DictBackend, UploadPackHandler
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.rest.answers import Refusal
from sandbox.rest.principals import Anonymous, Principal, authenticate
from sandbox.rest.visibility import can_read_contents, can_see
from sandbox.sandbox import Sandbox
from sandbox.state.git_objects import build_objects
from sandbox.state.repositories import Repository

_SERVICE = "git-upload-pack"
_LARGEST_REQUEST = 1024 * 1024
_NO_CACHE = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
_AUTHENTICATE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


class _Refused(Exception):
    """The request is rejected; git shows the text to its user."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        headers = _AUTHENTICATE if status == HTTPStatus.UNAUTHORIZED else {}
        self.response = Response(f"{text}\n", status, headers, media_type="text/plain")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes below each repository's URL, with or without `.git`."""

    async def advertise(request: Request) -> Response:
        service = request.query_params.get("service")
        if service == "git-receive-pack":
            raise _Refused(
                HTTPStatus.FORBIDDEN,
                "The sandbox is read-only over git. Push on its pages or with POST /_sandbox/as/LOGIN/push.",
            )
        if service != _SERVICE:
            raise _Refused(
                HTTPStatus.FORBIDDEN, "The sandbox supports only git's smart HTTP protocol. Upgrade your git client."
            )
        repository = _get_readable_repository(sandbox, request)
        body = await run_in_threadpool(_serve, repository, b"", advertise=True)
        return Response(body, headers=_NO_CACHE, media_type=f"application/x-{_SERVICE}-advertisement")

    async def upload(request: Request) -> Response:
        repository = _get_readable_repository(sandbox, request)
        content = await _read_body(request)
        body = await run_in_threadpool(_serve, repository, content, advertise=False)
        return Response(body, headers=_NO_CACHE, media_type=f"application/x-{_SERVICE}-result")

    return [
        Route("/{owner}/{name}/info/refs", _handle_refusals(advertise), methods=["GET"]),
        Route(f"/{{owner}}/{{name}}/{_SERVICE}", _handle_refusals(upload), methods=["POST"]),
    ]


def _handle_refusals(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except _Refused as refusal:
            return refusal.response

    return answer


def _serve(repository: Repository, content: bytes, *, advertise: bool) -> bytes:
    """Run git's upload-pack protocol on a copy of the repository in memory."""
    output = io.BytesIO()
    protocol = ReceivableProtocol(io.BytesIO(content).read, output.write)
    backend = DictBackend({"/": cast("BackendRepo", _build_repository(repository))})
    handler = UploadPackHandler(backend, ["/"], protocol, stateless_rpc=True, advertise_refs=advertise)
    if advertise:
        protocol.write_pkt_line(f"# service={_SERVICE}\n".encode())
        protocol.write_pkt_line(None)
    handler.handle()
    return output.getvalue()


def _build_repository(repository: Repository) -> MemoryRepo:
    memory_repository = MemoryRepo()
    objects = {git_object.id: git_object for git_object in build_objects(repository)}
    memory_repository.object_store.add_objects([(git_object, None) for git_object in objects.values()])
    refs = {f"refs/heads/{name}": branch.sha for name, branch in repository.branches.items()}
    refs |= {f"refs/tags/{name}": sha for name, sha in repository.tags.items()}
    for ref, sha in refs.items():
        if sha.encode() in objects:
            memory_repository.refs[Ref(ref.encode())] = ObjectID(sha.encode())
    memory_repository.refs.set_symbolic_ref(Ref(b"HEAD"), Ref(f"refs/heads/{repository.default_branch}".encode()))
    return memory_repository


def _get_readable_repository(sandbox: Sandbox, request: Request) -> Repository:
    """Return the repository of the path. Raises `_Refused` if the token cannot read its contents."""
    principal = _authenticate(sandbox, request)
    full_name = f"{request.path_params['owner']}/{request.path_params['name'].removesuffix('.git')}"
    data = sandbox.data
    repository = data.repository(full_name) or data.repositories.get(data.former_names.get(full_name.lower(), 0))
    if repository is None or not can_see(data, principal, repository):
        is_anonymous = isinstance(principal, Anonymous)
        raise _Refused(HTTPStatus.UNAUTHORIZED if is_anonymous else HTTPStatus.NOT_FOUND, "Repository not found.")
    if not can_read_contents(data, principal, repository):
        raise _Refused(HTTPStatus.FORBIDDEN, "The token lacks the permission contents: read.")
    return repository


def _authenticate(sandbox: Sandbox, request: Request) -> Principal:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return Anonymous()
    try:
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            value = user if password in ("", "x-oauth-basic") else password
        return authenticate(sandbox, f"Bearer {value}", request.url.path)
    except (Refusal, binascii.Error, UnicodeDecodeError) as refusal:
        status = refusal.answer.status if isinstance(refusal, Refusal) else HTTPStatus.UNAUTHORIZED
        raise _Refused(status, "Invalid credentials. Use the token as the password of x-access-token.") from refusal


async def _read_body(request: Request) -> bytes:
    """Return the request body, decompressed: git compresses long requests."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _LARGEST_REQUEST:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
    if request.headers.get("content-encoding") != "gzip":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "The request is not gzip.") from error
