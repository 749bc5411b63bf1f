from http import HTTPStatus

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.rest import request_ids
from entrypoints.rest.problems import MEDIA_TYPE, problem

_log = structlog.get_logger(__name__)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, which answers what is no HTTP at all in our form, and tells it as we tell refusals.

    The parser refuses a control character in a header before there is a request to hand to anyone.
    """

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, in the place of ours
        """Answer and hang up: where the next request would begin cannot be known."""
        request_id = request_ids.new_request_id()
        answer = problem(
            HTTPStatus.BAD_REQUEST,
            "request_malformed",
            "This is no HTTP request: look for a control character in a header.",
            request_id,
        )
        body = bytes(answer.body)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        _log.warning(
            "request_refused",
            reason="request_malformed",
            status=answer.status_code,
            request_id=request_id,
            client=self.client[0] if self.client else None,
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
