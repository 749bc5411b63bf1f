from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes; a longer one is refused with 413 before it is all read.

    The framework's own limit answers in another form than all our errors have.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)
