"""The vocabulary of log lines: every key that may stand in one, and what it means.

The README shows this table, and a test holds all calls to it, so that a search written once keeps finding.
"""

from collections.abc import Mapping

LOG_FIELDS: Mapping[str, str] = {
    "time": "when, RFC 3339 in UTC",
    "level": "debug, info, warning, error or critical",
    "event": "what happened, as one stable word; a library's own text where a library says it",
    "logger": "the library that said it; absent for our own lines",
    "exception": "the stack of an unexpected error, without variables",
    "request_id": "the request, as in its X-Request-Id",
    "actor": "who acted: user:ID, service:NAME or system:ROLE",
    "method": "HTTP method",
    "path": "path without its query; over gRPC the method's full name",
    "status": "HTTP status, or the name of gRPC's code",
    "duration_ms": "how long the request took, in milliseconds",
    "code": "the stable code of a refusal or alert",
    "reason": "why it was refused, in more detail than the caller was told",
    "message": "an alert in one sentence",
    "error": "what failed: a type of error, a code, or both with its text",
    "client": "the address a refused delivery came from",
    "delivery_id": "the provider's id of a delivery",
    "event_type": "the provider's name of an event, such as push",
    "source": "the event type or the name of the answer that has a part of the wrong type",
    "field": "the path of the part that has the wrong type, such as commits[].message",
    "installation_id": "the provider's id of an installation",
    "integration_id": "our id of an integration",
    "provider": "the provider's name, such as github",
    "receipt": "the result of storing a delivery: accepted, duplicate, replayed or retried",
    "group_size": "deliveries in one durable commit",
    "looked_at": "attempts that recovery read in the provider's log of deliveries",
    "found": "deliveries newly found to be missing",
    "recovered": "missing deliveries fetched from the provider's log",
    "redelivered": "missing deliveries that the provider was asked to send again",
    "failed": "missing deliveries that could not be fetched this time",
    "missing": "deliveries still known to be missing",
    "lane": "a mailbox, 0 to 31",
    "ended": "how a drain ended: empty, held_elsewhere or out_of_time",
    "schedule": "what runs by the clock",
    "limit": "the limit that was reached",
    "seconds": "a time limit that was passed",
    "dependency": "what the API cannot do without: database or redis",
    "address": "where a process listens",
    "url": "an address we called, without password",
}
