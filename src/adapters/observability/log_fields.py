"""All keys that a log line may have, with their meaning.

The documentation shows this table. A test checks each log call against it, so that saved searches keep
working.
"""

from collections.abc import Mapping

LOG_FIELDS: Mapping[str, str] = {
    "time": "time of the log line, RFC 3339 in UTC",
    "level": "debug, info, warning, error or critical",
    "event": "name of the event, such as `delivery_refused`; for lines of a library, the text of the library",
    "logger": "name of the library that wrote the line; absent for lines of this service",
    "exception": "stack trace of an unexpected error, without the values of variables",
    "request_id": "id of the request, as in its `X-Request-Id` header",
    "actor": "who sent the request: user:ID, service:NAME or system:ROLE",
    "method": "HTTP method",
    "path": "URL path without the query; for gRPC the full name of the method",
    "status": "HTTP status, or the name of the gRPC status code",
    "duration_ms": "duration of the request in milliseconds",
    "code": "stable code of an error or alert",
    "reason": "detailed reason of a failure, or how to fix it; more precise than the response to the client",
    "message": "text of an alert, one or two sentences",
    "error": "type or code of an error, with its text if there is one",
    "client": "IP address of the client of a rejected request",
    "delivery_id": "the provider's id of a webhook delivery",
    "event_type": "the provider's name of a webhook event type, such as push",
    "source": "event type or response type in which a field has the wrong type",
    "field": "path of the field with the wrong type, such as commits[].message",
    "installation_id": "the provider's id of an installation",
    "integration_id": "id of an integration in this service",
    "provider": "name of the provider, such as github",
    "receipt": "result of storing a delivery: accepted, duplicate, replayed or retried",
    "group_size": "number of deliveries in one database commit",
    "attempts_read": "delivery attempts that recovery read in the provider's delivery log",
    "newly_missing": "missing deliveries that this recovery run found",
    "recovered": "missing deliveries fetched from the provider's delivery log",
    "redelivered": "missing deliveries that the provider was asked to send again",
    "failed": "missing deliveries that could not be fetched in this run",
    "missing": "deliveries that are still missing after this run",
    "lane": "lane of the event queue, 0 to 31",
    "drain_result": "how processing a lane ended: empty, held_elsewhere or out_of_time",
    "schedule": "name of a scheduled job",
    "limit": "the limit that was reached",
    "seconds": "the time limit that was exceeded, in seconds",
    "dependency": "the dependency that failed: database or redis",
    "address": "address on which the process listens",
    "url": "URL of a dependency or of a request to the provider, without the password",
}
