"""What the service is deployed with says what is true: manifests, compose file, image."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from entrypoints.cli.main import COMMANDS
from entrypoints.setting_table import PREFIX, SETTINGS

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
OBJECTS = [
    (f"{path.name}: {one['kind']} {one['metadata']['name']}", one)
    for path in MANIFESTS
    for one in yaml.safe_load_all(path.read_text())
]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
VARIABLES = {setting.variable for setting in SETTINGS}
PROCESSES = {"api", "grpc", "worker", "scheduler", "migrate"}


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Return the pod of every manifest that has one."""
    return [
        (name, one["spec"]["template"]["spec"]) for name, one in OBJECTS if "template" in one.get("spec", {})
    ]


@pytest.mark.parametrize(("name", "manifest"), OBJECTS, ids=[name for name, _ in OBJECTS])
def test_each_manifest_is_what_kubernetes_takes(name: str, manifest: dict[str, Any]) -> None:
    """Against the API's own schemas, strictly: a misspelt field is an error."""
    assert name
    kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_every_process_has_a_workload_and_none_is_forgotten() -> None:
    """As many as the compose file has, each of a command that exists."""
    args = {pod["containers"][0]["args"][0] for _, pod in pods()}
    services = {one["command"][0] for one in COMPOSE["services"].values() if "command" in one}
    assert args == services == PROCESSES
    assert set(COMMANDS) >= PROCESSES


@pytest.mark.parametrize(("name", "pod"), pods(), ids=[name for name, _ in pods()])
def test_each_pod_may_do_no_more_than_it_needs(name: str, pod: dict[str, Any]) -> None:
    """Not root, nothing written to the root file system, no token of the cluster's, a bound on memory."""
    assert pod["securityContext"]["runAsNonRoot"] is True, name
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_variables_are_settings() -> None:
    """A misspelt one would be ignored, and its default taken."""
    texts = [path.read_text() for path in (*MANIFESTS, ROOT / "compose.yaml", ROOT / "Dockerfile")]
    texts.append((ROOT / "deploy" / "compose.env.example").read_text())
    named = set(re.findall(rf"\b{PREFIX}\w+", "\n".join(texts)))
    ours = {"CREWKIT_GIT_IMAGE", "CREWKIT_GIT_PORT", "CREWKIT_GIT_GRPC_PORT"}  # of the compose file alone
    assert named - ours <= VARIABLES


def test_every_needed_setting_is_in_the_examples() -> None:
    """Whoever fills these in has a service that starts."""
    needed = {setting.variable for setting in SETTINGS if setting.needed_by}
    kubernetes = "\n".join(path.read_text() for path in MANIFESTS)
    compose = (ROOT / "compose.yaml").read_text() + (ROOT / "deploy" / "compose.env.example").read_text()
    assert {name for name in needed if name not in kubernetes} == set()
    assert {name for name in needed if name not in compose} == set()


def test_the_image_is_of_this_version_and_not_root() -> None:
    """Manifests name the version that is built here."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    for _, pod in pods():
        assert pod["containers"][0]["image"] == f"crewkit-git:{version[1]}"
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 10001:10001\n" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    uv = re.search(r"uv_version=(\S+)", (ROOT / "deploy" / "bootstrap.sh").read_text())
    assert uv is not None
    assert f'"uv=={uv[1]}"' in dockerfile
