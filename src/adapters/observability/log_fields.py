"""All keys and events that a log line may have, with their meaning.

The documentation shows these tables. A test checks each log call against them, so that saved searches keep
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
    "reason": "detailed cause of a failure, or how to fix it; more precise than the response to the client",
    "message": "text of an alert",
    "error": "type or code of an error, with its text if there is one",
    "client": "IP address of the client of a rejected request",
    "delivery_id": "the provider's id of a webhook delivery",
    "event_type": "webhook event type at the provider, such as push",
    "source": "event type or response type in which a field has the wrong type",
    "field": "path of the field with the wrong type, such as commits[].message",
    "installation_id": "the provider's id of an installation",
    "integration_id": "id of an integration in this service",
    "provider": "name of the provider, such as github",
    "receipt": "result of storing a delivery: accepted, duplicate (known delivery id), replayed (known body) "
    "or retried",
    "group_size": "number of deliveries in one database commit",
    "attempts_read": "delivery attempts that recovery read in the provider's delivery log",
    "newly_missing": "missing deliveries that this recovery run found",
    "recovered": "missing deliveries fetched from the provider's delivery log",
    "redelivered": "missing deliveries that the provider was asked to send again",
    "failed": "missing deliveries that could not be fetched in this run",
    "missing": "deliveries that are still missing after this run",
    "lane": "lane of the event queue, 0 to 31",
    "drain_result": "how processing a lane ended: empty, held_elsewhere (by another worker) or out_of_time",
    "schedule": "name of a scheduled job",
    "limit": "maximum number of open connections or files",
    "seconds": "the time limit that was exceeded, in seconds",
    "dependency": "the dependency that cannot be used: database or redis",
    "address": "address on which the process listens",
    "url": "URL of a dependency or of a request to the provider, without the password",
}

LOG_EVENTS: Mapping[str, str] = {
    "alert": "The service raised an alert. See the table of alerts.",
    "alert_not_sent": "Sentry did not accept an alert. The alert is in the log as the event `alert`.",
    "api_started": "The API listens and accepts requests.",
    "api_stopped": "The API has answered all open requests and stops.",
    "call": "A gRPC call ended.",
    "client_disconnected": "The client closed the connection before the response was complete.",
    "connections_available": "The number of open connections is well below the maximum again.",
    "connections_exhausted": "The API has reached its maximum number of open connections. Find the client "
    "with many connections. Logged again only after `connections_available`.",
    "database_available": "PostgreSQL is available again.",
    "database_migrated": "The tables exist and are up to date again, after `database_not_migrated`.",
    "database_not_migrated": "Tables are missing or out of date. Run `crewkit-git migrate`.",
    "database_not_writable": "PostgreSQL responds, but a test write failed. Check the disk space of "
    "PostgreSQL. Logged again only after `database_writable`.",
    "database_unavailable": "PostgreSQL cannot be used. `reason` has the remedy. Logged once per outage and reason.",
    "database_writable": "Test writes to the database succeed again.",
    "deliveries_recovered": "A recovery run compared the delivery log with the stored deliveries and fetched "
    "missing deliveries. If the run stopped early, `reason` has the cause.",
    "delivery_crashed": "A webhook delivery could not be received because of a bug. Report the stack trace.",
    "delivery_received": "A webhook delivery was received and stored, or it was already stored.",
    "delivery_refused": "A webhook request was rejected. `reason` has the cause.",
    "delivery_replayed": "A delivery has the body of an earlier delivery but a new delivery id, so this "
    "service does not process the delivery. If such deliveries continue, rotate the webhook secret.",
    "descriptors_available": "The process can open files again.",
    "descriptors_exhausted": "The process has reached its open file limit. Raise the limit. Logged again "
    "only after `descriptors_available`.",
    "drain_failed": "Processing the events of a lane failed. The events stay due, and the scheduler notifies "
    "a worker again.",
    "drain_timed_out": "Processing the events of a lane took too long and was cancelled. The events stay "
    "due, and the scheduler notifies a worker again.",
    "event_name_mismatch": "The payload of a delivery does not match the event type in its header. The "
    "delivery is ignored. Logged once per event type and process.",
    "group_commit_failed": "Webhook deliveries could not be stored. The sender gets an error, and delivery "
    "recovery fetches the deliveries later. Logged once per database outage.",
    "group_commits_resumed": "Webhook deliveries can be stored again.",
    "grpc_started": "The gRPC server listens and accepts calls.",
    "grpc_stopped": "The gRPC server has ended all calls and stops.",
    "job_failed": "A worker could not run a job from Redis. The scheduler notifies a worker again.",
    "lane_drained": "A worker processed the due events of a lane.",
    "metrics_started": "The endpoint for metrics and health checks listens.",
    "not_ready": "A readiness check failed. `dependency` names the dependency that cannot be used.",
    "provider_answer_unreadable": "A response of the provider could not be decoded. `error` has the cause.",
    "provider_breaker_closed": "The provider responds again, and requests are sent again.",
    "provider_breaker_opened": "Requests to the provider failed repeatedly. New requests fail immediately "
    "until the provider responds again.",
    "provider_field_skipped": "An optional field had the wrong type and was skipped. Logged once per source and field.",
    "provider_refused": "The provider rejected a request. At level `error`, the request was wrong: report the line.",
    "provider_unavailable": "A request to the provider failed: network error, timeout or server error.",
    "redis_available": "Redis is available again. Logged by workers.",
    "redis_not_supported": "Redis runs in an unsupported mode: cluster mode or Sentinel. `reason` has the remedy.",
    "redis_unavailable": "Redis cannot be used. `reason` has the remedy. Logged by workers, once per outage.",
    "request": "An HTTP request ended.",
    "request_refused": "An HTTP request was rejected before routing: malformed or too large.",
    "sandbox_started": "The sandbox GitHub listens and accepts requests.",
    "schedule_failed": "A scheduled job failed. It runs again at its next scheduled time.",
    "scheduler_started": "The scheduler runs.",
    "scheduler_stopped": "The scheduler stops.",
    "schedules_resumed": "Scheduled jobs run again after a database outage.",
    "secret_uses_not_recorded": "The time of the last use of a webhook secret could not be stored. The "
    "service tries again later.",
    "token_keys_unavailable": "The public keys of access tokens could not be fetched. Check that `url` is "
    "correct and responds.",
    "unexpected_error": "A request failed because of a bug. Report the stack trace in `exception`.",
    "unknown_settings": "The environment has variables with this service's prefix that do not exist. "
    "`reason` lists them. Correct or remove the variables.",
    "worker_notification_failed": "Workers could not be notified through Redis. `reason` has the remedy. "
    "Logged once per outage.",
    "worker_notifications_resumed": "Workers can be notified again.",
    "worker_registered_again": "Redis had lost the registration of a worker, and the worker registered itself again.",
    "worker_started": "A worker waits for jobs.",
    "worker_stopped": "A worker has finished its job and stops.",
}
