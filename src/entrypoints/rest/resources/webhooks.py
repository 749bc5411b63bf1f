import asyncio
import logging
import os
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Annotated, Literal

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from core.domain.deliveries.delivery import (
    BodyRefused,
    DeliveryIdConflict,
    DeliveryRefused,
    HeadersRefused,
    Receipt,
    ReceiverBusy,
    SignatureRefused,
)
from core.domain.errors import DomainError
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.webhook_secrets import FindSourceSecrets
from entrypoints.rest.http.envelope import security_headers
from entrypoints.rest.http.operations import Access, Operation, Success, Tag
from entrypoints.rest.http.problems import HTTP_ERRORS, internal_error, problem_of, problem_of_http
from ports.telemetry import Metrics
from ports.webhooks import BodyDigest, Headers, WebhookProtocol

# GitHub does not send larger payloads. https://docs.github.com/webhooks/webhook-events-and-payloads
MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_BUFFERED_BYTES = 256 * 1024 * 1024
# GitHub's own timeout: https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
_BODY_TIMEOUT_SECONDS = 10.0

_LARGE_BODY_BYTES = 256 * 1024

_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"

_STATUS = {Receipt.ACCEPTED: 202, Receipt.RETRIED: 202, Receipt.DUPLICATE: 200, Receipt.REPLAYED: 200}
# A response without a body is one write instead of two. Only new deliveries get one.
_NO_BODY = (b"content-length", b"0")

_log = structlog.get_logger(__name__)


class KnownDelivery(msgspec.Struct):
    """Why a delivery is not processed again."""

    receipt: Annotated[
        Literal["duplicate", "replayed"],
        msgspec.Meta(
            description="`duplicate`: a delivery with the same id and body was received before. `replayed`: the same "
            "body was received before under another delivery id."
        ),
    ]
    detail: str


_KNOWN = {
    Receipt.DUPLICATE: KnownDelivery("duplicate", "This delivery was received before. It is not processed again."),
    Receipt.REPLAYED: KnownDelivery(
        "replayed", "The same body was received under another delivery id. It is not processed again."
    ),
}


class WebhookEndpoint:
    """Receives webhook deliveries. Plain ASGI before routing, because this path must be fast.

    It checks size, content type, signature, headers and JSON in this order, stores the delivery durably, and then
    responds. Callers get general errors; the log has the reason.
    """

    def __init__(
        self,
        protocols: Mapping[str, WebhookProtocol],
        receive_delivery: ReceiveDelivery,
        metrics: Metrics,
        *,
        find_source_secrets: FindSourceSecrets,
        body_timeout_seconds: float = _BODY_TIMEOUT_SECONDS,
        is_encrypted: bool = False,
    ) -> None:
        self._providers = tuple(protocols)
        self._protocols = {_path(provider): (provider, protocol) for provider, protocol in protocols.items()}
        self._receive_delivery = receive_delivery
        self._find_source_secrets = find_source_secrets
        self._metrics = metrics
        self._body_timeout_seconds = body_timeout_seconds
        # Only for responses that a browser could get. Providers ignore these headers.
        self._headers = security_headers(is_encrypted=is_encrypted)
        # Received bytes, not announced bytes: a sender that only announces a large body must not use up the limit.
        self._buffered_bytes = 0
        # Request ids are unique without a system call for random bytes each time.
        self._id_prefix = os.urandom(6).hex()
        self._numbers = count(1)
        # Checked once, because a disabled log line costs a hundredth of a delivery.
        self._is_debug = _log.is_enabled_for(logging.DEBUG)

    def has_path(self, path: str) -> bool:
        """Return whether this is the webhook path of a provider."""
        return path in self._protocols

    def operations(self) -> list[Operation]:
        """Return the operation of each provider."""
        return [
            Operation(
                "POST",
                _path(provider),
                None,
                name=f"receive_{provider}_delivery",
                summary="Receive a webhook delivery",
                tag=Tag.PROVIDER,
                description="Verifies the signature of the raw body and durably stores the delivery, then "
                "returns 202. Processing starts after the response. Returns 200 if the delivery was received "
                "before and is not processed again.",
                responses=[
                    Success(status=HTTPStatus.ACCEPTED, description="The delivery is durably stored."),
                    Success(
                        KnownDelivery,
                        status=HTTPStatus.OK,
                        description="The delivery was received before. It is not processed again.",
                    ),
                ],
                errors=[SignatureRefused, HeadersRefused, BodyRefused, DeliveryIdConflict, ReceiverBusy],
                access=Access.SIGNATURE,
                app=self,
            )
            for provider in self._providers
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request_id = f"{self._id_prefix}-{next(self._numbers):x}"
        try:
            receipt = await self._process(scope, receive, request_id)
        except _ClientDisconnected:
            return
        except Exception as error:  # noqa: BLE001 - the response to every error is a problem
            await self._send(self._reject(error, scope, request_id), request_id, scope, receive, send)
            return
        if receipt.is_known:
            body = msgspec.json.encode(_KNOWN[receipt])
            response = Response(body, HTTPStatus.OK, media_type="application/json")
            await self._send(response, request_id, scope, receive, send)
            return
        headers = [_NO_BODY, (b"x-request-id", request_id.encode())]
        await send({"type": "http.response.start", "status": _STATUS[receipt], "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, response: Response, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        response.raw_headers += [*self._headers, (b"x-request-id", request_id.encode())]
        await response(scope, receive, send)

    async def _process(self, scope: Scope, receive: Receive, request_id: str) -> Receipt:
        # One mapping: six loops over a dozen headers are a tenth of the cost of a delivery.
        headers = dict(scope["headers"])
        is_form = _check(scope["method"], headers)
        provider, protocol = self._protocols[scope["path"]]
        source_key = protocol.find_claimed_source(headers, scope["query_string"])
        claimed = None if source_key is None else await self._find_source_secrets(provider, source_key)
        body = _Body()
        try:
            digest = await self._read(receive, protocol, body)
            verify = partial(protocol.verify, headers, body.parts[0], digest=digest, form=is_form, claimed=claimed)
            # Verifying a large body takes long enough to delay all other deliveries.
            delivery = await asyncio.to_thread(verify) if body.size > _LARGE_BODY_BYTES else verify()
            if claimed is not None:
                claimed.require_source(delivery)
            receipt = await self._receive_delivery(delivery)
        finally:
            self._buffered_bytes -= body.size
        if self._is_debug:
            _log.debug(
                "delivery_received",
                request_id=request_id,
                delivery_id=delivery.delivery_id,
                event_type=delivery.event_type,
                installation_id=delivery.source_key,
                receipt=receipt.value,
            )
        return receipt

    async def _read(self, receive: Receive, protocol: WebhookProtocol, body: "_Body") -> BodyDigest | None:
        """Read the body into one part. Return the digest of a body that arrives in several parts."""
        if not self._add(await receive(), body):
            return None
        digest = protocol.start_digest()
        digest.update(body.parts[0])
        try:
            async with asyncio.timeout(self._body_timeout_seconds):
                has_more = True
                while has_more:
                    has_more = self._add(await receive(), body)
                    digest.update(body.parts[-1])
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
        body.parts = [b"".join(body.parts)]
        return digest

    def _add(self, message: Message, body: "_Body") -> bool:
        """Add a part to the body. Return whether there are more parts."""
        if message["type"] != "http.request":
            raise _ClientDisconnected
        part: bytes = message.get("body", b"")
        if body.size + len(part) > MAX_BODY_BYTES:
            raise _too_large()
        if self._buffered_bytes + len(part) > MAX_BUFFERED_BYTES:
            raise ReceiverBusy(
                "Too many large deliveries are being received. Send the delivery again later.", retry_after=5
            )
        body.parts.append(part)
        body.size += len(part)
        self._buffered_bytes += len(part)
        return bool(message.get("more_body", False))

    def _reject(self, error: Exception, scope: Scope, request_id: str) -> Response:
        """Log and count the reason, and return the response, which has less detail."""
        if isinstance(error, HTTPException):
            reason, _ = HTTP_ERRORS[HTTPStatus(error.status_code)]
            response = problem_of_http(error, request_id)
        elif isinstance(error, DomainError):
            reason = error.reason if isinstance(error, DeliveryRefused) else error.code
            response = problem_of(error, request_id)
        else:
            reason = "internal"
            response = internal_error(request_id)
            _log.error("delivery_crashed", request_id=request_id, exc_info=error)
        client = scope.get("client")
        _log.warning(
            "delivery_refused",
            reason=reason,
            status=response.status_code,
            request_id=request_id,
            client=client[0] if client else None,
        )
        self._metrics.count_rejected(reason)
        return response


def _path(provider: str) -> str:
    return f"/api/v1/git/{provider}/webhooks"


class _Body:
    """The received parts of a body."""

    __slots__ = ("parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0


class _ClientDisconnected(Exception):
    """The sender disconnected before the end of the body."""


def _too_large() -> HTTPException:
    return HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The webhook body is larger than 25 MB. Send a smaller body."
    )


def _check(method: str, headers: Headers) -> bool:
    """Check the method and the headers. Return whether the body is a form."""
    if method != "POST":
        raise HTTPException(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This path accepts POST only. Send webhook deliveries with POST.",
            {"allow": "POST"},
        )
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise _too_large()
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type not in (_JSON, _FORM):
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The content type is not supported here. Send application/json or application/x-www-form-urlencoded.",
        )
    return content_type == _FORM
