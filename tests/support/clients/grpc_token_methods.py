"""The methods of the gRPC API that issue, list and revoke read tokens."""

from crewkit.git.v1 import tokens_pb2, tokens_pb2_grpc
from tests.support.clients.grpc_method import Method, Wrong

TOKEN_METHODS = [
    Method(
        tokens_pb2_grpc.TokenServiceStub,
        "IssueReadToken",
        tokens_pb2.IssueReadTokenRequest,
        {"organization_id": "{organization}", "project_ids": ["{linked}"], "reason": "a build"},
        None,
        "",
        "git.tokens",
        wrong=Wrong({"reason": " "}, "reason"),
        asks_provider=True,
    ),
    Method(
        tokens_pb2_grpc.TokenServiceStub,
        "ListReadTokens",
        tokens_pb2.ListReadTokensRequest,
        {"organization_id": "{organization}"},
        "GET",
        "/git-read-tokens",
        "git.read",
        wrong=Wrong({"page_token": "ü"}, "page_token", {"cursor": "ü"}),
    ),
    Method(
        tokens_pb2_grpc.TokenServiceStub,
        "RevokeReadToken",
        tokens_pb2.RevokeReadTokenRequest,
        {"organization_id": "{organization}", "lease_id": "{lease}"},
        "DELETE",
        "/git-read-tokens/{lease}",
        "git.admin",
        missing={"lease": "00000000-0000-4000-8000-000000000000"},
    ),
]
