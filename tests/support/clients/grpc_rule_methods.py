"""The methods of the gRPC API that evaluate rules."""

from crewkit.git.v1 import projects_pb2_grpc, rules_pb2
from tests.support.clients.grpc_method import Method, Wrong
from tests.support.scenarios.projects import WIDGETS

RULE_METHODS = [
    Method(
        projects_pb2_grpc.ProjectRepositoryServiceStub,
        "PreviewRules",
        rules_pb2.PreviewRulesRequest,
        {"organization_id": "{organization}", "project_id": "{linked}"},
        "POST",
        "/projects/{linked}/repository/rules/preview",
        "git.link",
        body={},
        wrong=Wrong(
            {"rules": rules_pb2.LinkRules(branches=rules_pb2.RulePatterns(patterns=["[a"]))},
            "rules.branches[0]",
            {},
            {"rules": {"branches": ["[a"]}},
        ),
    ),
    Method(
        projects_pb2_grpc.ProjectRepositoryServiceStub,
        "ResolveAffectedProjects",
        rules_pb2.ResolveAffectedProjectsRequest,
        {"organization_id": "{organization}", "repo_id": WIDGETS, "paths": ["src/main.py"]},
        "POST",
        "/git-affected",
        "git.read",
        body={"repo_id": WIDGETS, "paths": ["src/main.py"]},
        wrong=Wrong({"repo_id": ""}, "repo_id"),
    ),
]
