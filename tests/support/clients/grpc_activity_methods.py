"""The methods of the gRPC API that return activity and figures."""

from crewkit.git.v1 import activity_pb2, activity_pb2_grpc, webhook_events_pb2, webhook_events_pb2_grpc
from tests.support.clients.grpc_method import Method, Wrong

ACTIVITY_METHODS = [
    Method(
        activity_pb2_grpc.ActivityServiceStub,
        "ListActivity",
        activity_pb2.ListActivityRequest,
        {"organization_id": "{organization}"},
        "GET",
        "/activity",
        "git.read",
        wrong=Wrong({"page_token": "ü"}, "page_token", {"cursor": "ü"}),
    ),
    Method(
        activity_pb2_grpc.ActivityServiceStub,
        "GetOverview",
        activity_pb2.GetOverviewRequest,
        {"organization_id": "{organization}"},
        "GET",
        "/overview",
        "git.read",
    ),
    Method(
        webhook_events_pb2_grpc.WebhookEventServiceStub,
        "GetWebhookEventMetrics",
        webhook_events_pb2.GetWebhookEventMetricsRequest,
        {"organization_id": "{organization}"},
        "GET",
        "/git-webhook-events/metrics",
        "git.read",
        wrong=Wrong({"bucket": 7}, "bucket", {"bucket": "week"}),
    ),
]
