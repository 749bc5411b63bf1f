import asyncio
import logging
import os
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Literal

import msgspec
import structlog
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
from entrypoints.rest.http.operations import Access, Answer, Operation, Tag
from entrypoints.rest.http.problems import problem, problem_of, unexpected
from ports.metrics import Metrics
from ports.webhooks import BodyDigest, Headers, WebhookProtocol

# GitHub does not send larger payloads. https://docs.github.com/webhooks/webhook-events-and-payloads
MAX_BODY = 25 * 1024 * 1024
MAX_IN_FLIGHT = 256 * 1024 * 1024
# GitHub waits no longer for an answer: https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
BODY_SECONDS = 10.0

_LARGE_BODY = 256 * 1024

_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"

_STATUS = {Receipt.ACCEPTED: 202, Receipt.RETRIED: 202, Receipt.DUPLICATE: 200, Receipt.REPLAYED: 200}
# An answer without a body leaves in one write instead of two; only what changes nothing has one.
_NO_BODY = (b"content-length", b"0")

_log = structlog.get_logger(__name__)


class KnownDelivery(msgspec.Struct):
    """Why a delivery is not processed again.

    `duplicate`: a delivery with the same id and body was received before. `replayed`: the same body was
    received before under another delivery id.
    """

    receipt: Literal["duplicate", "replayed"]
    detail: str


_KNOWN = {
    Receipt.DUPLICATE: KnownDelivery("duplicate", "This delivery was received before. It is not processed again."),
    Receipt.REPLAYED: KnownDelivery(
        "replayed", "The same body was received under another delivery id. It is not processed again."
    ),
}


class WebhookEndpoint:
    """Receives deliveries: the one path whose cost counts, so plain ASGI, before any routing.

    In this order: size, content type, signature, headers, JSON; then durable; then the answer. Callers see
    coarse errors, the log has the reason.
    """

    def __init__(
        self,
        protocols: Mapping[str, WebhookProtocol],
        receive_delivery: ReceiveDelivery,
        metrics: Metrics,
        *,
        find_source_secrets: FindSourceSecrets,
        body_seconds: float = BODY_SECONDS,
        is_encrypted: bool = False,
    ) -> None:
        self._names = tuple(protocols)
        self._protocols = {_path(name): (name, protocol) for name, protocol in protocols.items()}
        self._receive_delivery = receive_delivery
        self._find_source_secrets = find_source_secrets
        self._metrics = metrics
        self._body_seconds = body_seconds
        # On refusals, which browsers may stray to; those who deliver read none of them.
        self._headers = security_headers(is_encrypted=is_encrypted)
        # Counted as they come: who only announces a large body must not take room from those who send one.
        self._bytes_held = 0
        # Unique without asking the operating system for randomness each time.
        self._prefix = os.urandom(6).hex()
        self._numbers = count(1)
        # Asked once: a line that is switched off still costs a hundredth of the whole.
        self._tells_all = _log.is_enabled_for(logging.DEBUG)

    def answers(self, path: str) -> bool:
        """Tell whether this path is one provider's webhook address."""
        return path in self._protocols

    def operations(self) -> list[Operation]:
        """Return what providers deliver to."""
        return [
            Operation(
                "POST",
                _path(name),
                self,
                name=f"receive_{name}_delivery",
                summary="Receive a webhook delivery",
                tag=Tag.PROVIDER,
                description="Verifies the signature of the raw body and durably stores the delivery, then "
                "returns 202. Processing starts after the response. Returns 200 if the delivery was received "
                "before and is not processed again.",
                answers=[
                    Answer(status=HTTPStatus.ACCEPTED, description="The delivery is durably stored."),
                    Answer(
                        KnownDelivery,
                        status=HTTPStatus.OK,
                        description="The delivery was received before. It is not processed again.",
                    ),
                ],
                refusals=[SignatureRefused, HeadersRefused, BodyRefused, DeliveryIdConflict, ReceiverBusy],
                access=Access.SIGNATURE,
            )
            for name in self._names
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = f"{self._prefix}-{next(self._numbers):x}"
        try:
            receipt = await self._received(scope, receive, request_id)
        except _SenderGone:
            return
        except Exception as error:  # noqa: BLE001 - every failure becomes a problem, none a stack trace
            response = self._refused(error, scope, request_id)
            response.raw_headers += [*self._headers, (b"x-request-id", request_id.encode())]
            await response(scope, receive, send)
            return
        if receipt.is_known:
            body = msgspec.json.encode(_KNOWN[receipt])
            answer = Response(body, HTTPStatus.OK, media_type="application/json")
            answer.raw_headers += [*self._headers, (b"x-request-id", request_id.encode())]
            await answer(scope, receive, send)
            return
        headers = [_NO_BODY, (b"x-request-id", request_id.encode())]
        await send({"type": "http.response.start", "status": _STATUS[receipt], "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _received(self, scope: Scope, receive: Receive, request_id: str) -> Receipt:
        # As a mapping once: a loop over a dozen headers for each of six names is a tenth of the whole cost.
        headers = dict(scope["headers"])
        form = _admitted(scope["method"], headers)
        name, protocol = self._protocols[scope["path"]]
        source_key = protocol.find_claimed_source(headers, scope["query_string"])
        claimed = None if source_key is None else await self._find_source_secrets(name, source_key)
        body = _Body()
        try:
            digest = await self._read(receive, protocol, body)
            verify = partial(protocol.verify, headers, body.parts[0], digest=digest, form=form, claimed=claimed)
            # Reading a large body would hold up every other delivery.
            delivery = await asyncio.to_thread(verify) if body.size > _LARGE_BODY else verify()
            if claimed is not None:
                claimed.require_source(delivery)
            receipt = await self._receive_delivery(delivery)
        finally:
            self._bytes_held -= body.size
        if self._tells_all:
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
        """Read the body into one part; most come as one, others feed their signature part by part."""
        if not self._keep(await receive(), body):
            return None
        digest = protocol.start_digest()
        digest.update(body.parts[0])
        try:
            async with asyncio.timeout(self._body_seconds):
                has_more = True
                while has_more:
                    has_more = self._keep(await receive(), body)
                    digest.update(body.parts[-1])
        except TimeoutError:
            raise _too_slow() from None
        body.parts = [b"".join(body.parts)]
        return digest

    def _keep(self, message: Message, body: "_Body") -> bool:
        """Keep one part, and tell whether there is more to come."""
        if message["type"] != "http.request":
            raise _SenderGone
        part: bytes = message.get("body", b"")
        if body.size + len(part) > MAX_BODY:
            raise _too_large()
        if self._bytes_held + len(part) > MAX_IN_FLIGHT:
            raise ReceiverBusy(
                "Too many large deliveries are being received. Send the delivery again later.", retry_after=5
            )
        body.parts.append(part)
        body.size += len(part)
        self._bytes_held += len(part)
        return bool(message.get("more_body", False))

    def _refused(self, error: Exception, scope: Scope, request_id: str) -> Response:
        """Count and log why, and return what the caller may know."""
        if isinstance(error, _Refusal):
            reason = error.code
            answer = problem(error.status, error.code, error.detail, request_id, headers=error.headers)
        elif isinstance(error, DomainError):
            reason = error.reason if isinstance(error, DeliveryRefused) else error.code
            answer = problem_of(error, request_id)
        else:
            reason = "internal"
            answer = unexpected(request_id)
            _log.error("delivery_crashed", request_id=request_id, exc_info=error)
        client = scope.get("client")
        _log.warning(
            "delivery_refused",
            reason=reason,
            status=answer.status_code,
            request_id=request_id,
            client=client[0] if client else None,
        )
        self._metrics.count_rejected(reason)
        return answer


def _path(provider: str) -> str:
    return f"/api/v1/git/{provider}/webhooks"


class _Body:
    """What has come of one body."""

    __slots__ = ("parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0


class _Refusal(Exception):
    """The request is refused for what HTTP alone shows."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers


def _too_large() -> _Refusal:
    return _Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        "The webhook body is larger than 25 MB. Send a smaller body.",
    )


def _too_slow() -> _Refusal:
    return _Refusal(
        HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", "The request body did not arrive in time. Send the request again."
    )


class _SenderGone(Exception):
    """The sender hung up before the body was whole."""


def _admitted(method: str, headers: Headers) -> bool:
    """Refuse what headers alone show to be wrong, and tell whether the body is a form."""
    if method != "POST":
        raise _Refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This path accepts POST only. Send webhook deliveries with POST.",
            {"allow": "POST"},
        )
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise _too_large()
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type not in (_JSON, _FORM):
        raise _Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The content type is not supported here. Send application/json or application/x-www-form-urlencoded.",
        )
    return content_type == _FORM
