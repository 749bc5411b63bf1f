"""The methods of the gRPC API for the authors of commits."""

from crewkit.git.v1 import attributions_pb2, attributions_pb2_grpc
from tests.support.clients.grpc_method import Method, Wrong

_AUTHOR = {"organization_id": "{organization}", "key": "{author}"}
_PATH = "/git-authors/{author}/assignment"

AUTHOR_METHODS = [
    Method(
        attributions_pb2_grpc.AttributionServiceStub,
        "ListGitAuthors",
        attributions_pb2.ListGitAuthorsRequest,
        {"organization_id": "{organization}"},
        "GET",
        "/git-authors",
        "git.read",
        wrong=Wrong({"page_token": "x"}, "page_token", {"cursor": "x"}),
    ),
    Method(
        attributions_pb2_grpc.AttributionServiceStub,
        "AssignGitAuthor",
        attributions_pb2.AssignGitAuthorRequest,
        {**_AUTHOR, "kind": attributions_pb2.AUTHOR_ASSIGNMENT_KIND_BOT},
        "PUT",
        _PATH,
        "git.admin",
        body={"kind": "bot"},
    ),
    Method(
        attributions_pb2_grpc.AttributionServiceStub,
        "UnassignGitAuthor",
        attributions_pb2.UnassignGitAuthorRequest,
        _AUTHOR,
        "DELETE",
        _PATH,
        "git.admin",
    ),
]
