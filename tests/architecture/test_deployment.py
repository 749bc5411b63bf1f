"""What the service is deployed with says what is true: manifests, compose file, units, image."""

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
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
SHARED = SYSTEMD / "crewkit-git-.service.d" / "shared.conf"
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
    assert pod["enableServiceLinks"] is False, "a service's address would be a CREWKIT_GIT_ variable"
    for container in pod["containers"]:
        context = container["securityContext"]
        assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_variables_are_settings() -> None:
    """A misspelt one would be ignored, and its default taken."""
    texts = [path.read_text() for path in (*MANIFESTS, ROOT / "compose.yaml", ROOT / "Dockerfile")]
    texts.append((ROOT / "deploy" / "compose.env.example").read_text())
    texts += [path.read_text() for path in (*UNITS, SHARED, SYSTEMD / "crewkit-git.env.example")]
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


def test_every_process_has_a_unit_that_runs_its_command() -> None:
    """Of the name that the command has; all but the migration are started again whenever they end."""
    named = {path.name.removeprefix("crewkit-git-").removesuffix(".service").rstrip("@") for path in UNITS}
    assert named == PROCESSES
    for path in UNITS:
        unit = path.read_text()
        [command] = re.findall(
            r"^ExecStart=/opt/crewkit-git/current/bin/crewkit-git (\S+)$", unit, re.MULTILINE
        )
        assert path.name.rstrip("@").startswith(f"crewkit-git-{command}")
        assert ("\nRestart=always\n" in unit) == (command != "migrate"), path.name


def test_each_unit_may_do_no_more_than_it_needs() -> None:
    """What they share is a drop-in for every unit of this prefix; none takes it back."""
    hardening = {
        "User": "crewkit-git",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
    }
    shared = dict(re.findall(r"^(\w+)=(.*)$", SHARED.read_text(), re.MULTILINE))
    assert hardening.items() <= shared.items()
    for path in UNITS:
        own = set(re.findall(r"^(\w+)=", path.read_text(), re.MULTILINE))
        assert own & (shared.keys() - {"Environment"}) == set(), path.name


def test_every_needed_setting_is_in_the_units_examples() -> None:
    """Or in the file that `register-app` writes, which they read beside it."""
    needed = {setting.variable for setting in SETTINGS if setting.needed_by}
    text = (SYSTEMD / "crewkit-git.env.example").read_text()
    assert {name for name in needed if name not in text and "_GITHUB_" not in name} == set()
    assert "EnvironmentFile=/etc/crewkit-git/github-app.env" in SHARED.read_text()


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
