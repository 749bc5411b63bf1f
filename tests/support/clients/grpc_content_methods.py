"""The methods of the gRPC API that read files of repositories."""

from crewkit.git.v1 import projects_pb2, projects_pb2_grpc, repositories_pb2, repositories_pb2_grpc
from tests.support.clients.grpc_method import Method, Wrong
from tests.support.scenarios.projects import WIDGETS

CONTENT_METHODS = [
    Method(
        repositories_pb2_grpc.RepositoryServiceStub,
        "ListDirectories",
        repositories_pb2.ListDirectoriesRequest,
        {"organization_id": "{organization}", "provider": "{provider}", "repo_id": WIDGETS},
        "GET",
        f"/git-integrations/{{provider}}/repos/{WIDGETS}/directories",
        "git.read",
        wrong=Wrong({"page_size": 101}, "page_size", {"limit": "101"}),
        asks_provider=True,
    ),
    Method(
        projects_pb2_grpc.ProjectRepositoryServiceStub,
        "ListChangedFiles",
        projects_pb2.ListChangedFilesRequest,
        {"organization_id": "{organization}", "project_id": "{linked}", "base": "main", "head": "main"},
        "GET",
        "/projects/{linked}/repository/changed-files",
        "git.read",
        query={"base": "main", "head": "main"},
        wrong=Wrong({"base": ""}, "base", {"base": "", "head": "main"}),
        asks_provider=True,
    ),
]
