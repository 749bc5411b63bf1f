"""What another service of crewkit's has: the package of stubs and the page."""

from pathlib import Path

import pytest

from tests.support.clients.grpc_client import build_client, program, run
from tests.support.scenarios.grpc_edge import GrpcEdge


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give where the package is."""
    return build_client(tmp_path_factory.mktemp("client"))


def test_package_has_exactly_the_contract(installed: Path) -> None:
    """With its types."""
    packed = {path.relative_to(installed).parts[0] for path in installed.iterdir()}
    assert packed == {"crewkit", "crewkit_git_client-0.1.0.dist-info"}
    files = {path.name for path in (installed / "crewkit" / "git" / "v1").iterdir()}
    assert {"py.typed", "projects_pb2.py", "projects_pb2.pyi", "projects_pb2_grpc.py"} <= files


async def test_documented_program_works(installed: Path, tmp_path: Path) -> None:
    """It lists repositories, and reads the reason of a rejected call."""
    edge = GrpcEdge()
    await edge.populate()
    async with edge.serve_grpc() as (server, _):
        process = await run(
            program(tmp_path, "ListRepositories", "client.py"),
            installed,
            {
                "GRPC_TARGET": str(server.address),
                "TOKEN": edge.service("git.read")["authorization"].split()[1],
                "ORGANIZATION": str(edge.organization.external_id),
            },
        )
        out, err = await process.communicate()
    assert err.decode() == ""
    assert out.decode().splitlines() == [
        "repository acme/attic",
        "repository acme/gadgets",
        "repository acme/widgets",
        "refused NOT_FOUND organization_not_found",
    ]
