"""The deployment files agree with the service: Kubernetes manifests, compose file, systemd units, image."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from entrypoints.cli.main import COMMANDS
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
KUBECTL = Path(sys.executable).with_name("kubectl")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
SHARED = SYSTEMD / "crewkit-git-.service.d" / "shared.conf"
VARIABLES = {setting.variable for setting in SETTINGS}
PROCESSES = {"api", "grpc", "worker", "scheduler", "migrate"}


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Return a copy of the production overlay, filled in as docs/deploy.md says."""
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    folder = tmp_path / "kubernetes" / "overlays" / "production"
    shutil.copy(folder / "secrets.example.env", folder / "secrets.env")
    github = {setting.variable for setting in SETTINGS if setting.needed_by and "_GITHUB_" in setting.variable}
    (folder / "github-app.env").write_text("".join(f"{name}=filled-in\n" for name in sorted(github)))
    return folder


def render(overlay: Path) -> list[dict[str, Any]]:
    """Return the objects that `kubectl apply -k` would send."""
    rendered = subprocess.run([KUBECTL, "kustomize", overlay], capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return list(yaml.load_all(rendered.stdout, Loader=yaml.CSafeLoader))


def select_pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pod template's spec of each Deployment, by the Deployment's name."""
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"}


@pytest.mark.parametrize("component", ["", "grpc-tls"])
def test_kubernetes_accepts_each_manifest(overlay: Path, component: str) -> None:
    """Checked strictly against the API's own schemas, so a misspelt field is an error."""
    if component:
        _enable_component(overlay, component)
    objects = render(overlay)
    assert {one["kind"] for one in objects} >= {"Deployment", "Service", "Ingress", "NetworkPolicy", "Secret"}
    for manifest in objects:
        kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_every_process_is_deployed(overlay: Path) -> None:
    """Kubernetes and the compose file run the same commands, and each command exists."""
    pods = select_pods(render(overlay)).values()
    args = {container["args"][0] for pod in pods for container in (*pod["initContainers"], *pod["containers"])}
    services = {one["command"][0] for one in COMPOSE["services"].values() if "command" in one}
    assert args == PROCESSES
    assert services >= PROCESSES
    assert set(COMMANDS) >= services


def test_each_pod_has_least_privilege(overlay: Path) -> None:
    """Each pod runs without root, a writable root file system or a cluster token, and with a memory limit."""
    for name, pod in select_pods(render(overlay)).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "a service's address would be a CREWKIT_GIT_ variable"
        for container in (*pod["initContainers"], *pod["containers"]):
            context = container["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("file", ["config.env", "secrets.env", "github-app.env"])
def test_changed_setting_starts_new_pods(overlay: Path, file: str) -> None:
    """A changed ConfigMap or Secret has a new name, so every pod template changes; otherwise none does."""
    before = select_pods(render(overlay))
    assert select_pods(render(overlay)) == before
    with (overlay / file).open("a") as settings:
        settings.write("CREWKIT_GIT_LOG_LEVEL=DEBUG\n")
    after = select_pods(render(overlay))
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == []


def test_changed_image_starts_new_pods_that_migrate_first(overlay: Path) -> None:
    """One line names the image of all processes and of the migration that runs before each of them."""
    kustomization = overlay / "kustomization.yaml"
    kustomization.write_text(re.sub(r"newTag: \S+", "newTag: 9.9.9", kustomization.read_text()))
    pods = select_pods(render(overlay))
    assert len(pods) == len(PROCESSES - {"migrate"})
    for pod in pods.values():
        [migration], [process] = pod["initContainers"], pod["containers"]
        assert migration["args"] == ["migrate"]
        assert {migration["image"], process["image"]} == {"crewkit-git:9.9.9"}
        assert migration["envFrom"] == process["envFrom"]


def test_probes_work_with_and_without_tls(overlay: Path) -> None:
    """Kubernetes' gRPC probes do not support TLS, so no probe depends on the gRPC port."""
    _enable_component(overlay, "grpc-tls")
    pod = select_pods(render(overlay))["crewkit-git-grpc"]
    [container] = pod["containers"]
    assert {one["name"] for one in container["env"]} >= {f"{PREFIX}GRPC_TLS_CERTIFICATE", f"{PREFIX}GRPC_TLS_KEY"}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "metrics"


def _enable_component(overlay: Path, component: str) -> None:
    kustomization = overlay / "kustomization.yaml"
    text = kustomization.read_text()
    assert f"  # - ../../components/{component}\n" in text
    kustomization.write_text(text.replace(f"# - ../../components/{component}", f"- ../../components/{component}"))


def test_variables_are_settings() -> None:
    """A misspelt variable would be ignored, and its default used."""
    manifests = [path for path in KUBERNETES.rglob("*") if path.is_file()]
    texts = [path.read_text() for path in (*manifests, ROOT / "compose.yaml", ROOT / "Dockerfile")]
    texts.append((ROOT / "deploy" / "compose.env.example").read_text())
    texts += [path.read_text() for path in (*UNITS, SHARED, SYSTEMD / "crewkit-git.env.example")]
    named = set(re.findall(rf"\b{PREFIX}\w+", "\n".join(texts)))
    # Variables of the compose file alone.
    names = {f"CREWKIT_GIT_{name}" for name in ("IMAGE", "SANDBOX_IMAGE", "PORT", "GRPC_PORT")}
    assert named - names <= VARIABLES


def test_examples_have_every_required_setting() -> None:
    """The service starts with the variables of the example."""
    needed = {setting.variable for setting in SETTINGS if setting.needed_by}
    kubernetes = "\n".join(path.read_text() for path in KUBERNETES.rglob("*") if path.is_file())
    compose = (ROOT / "compose.yaml").read_text() + (ROOT / "deploy" / "compose.env.example").read_text()
    assert {name for name in needed if name not in kubernetes} == set()
    assert {name for name in needed if name not in compose} == set()


def test_every_process_has_a_unit_that_runs_its_command() -> None:
    """The unit is named like the command. systemd restarts all of them except the migration."""
    named = {path.name.removeprefix("crewkit-git-").removesuffix(".service").rstrip("@") for path in UNITS}
    assert named == PROCESSES
    for path in UNITS:
        unit = path.read_text()
        [command] = re.findall(r"^ExecStart=/opt/crewkit-git/current/bin/crewkit-git (\S+)$", unit, re.MULTILINE)
        assert path.name.rstrip("@").startswith(f"crewkit-git-{command}")
        assert ("\nRestart=always\n" in unit) == (command != "migrate"), path.name


def test_each_unit_has_least_privilege() -> None:
    """A drop-in for all units of this prefix restricts them, and no unit lifts a restriction."""
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


def test_examples_of_units_have_every_required_setting() -> None:
    """Or the file that `register-app` writes has it; the units read both."""
    needed = {setting.variable for setting in SETTINGS if setting.needed_by}
    text = (SYSTEMD / "crewkit-git.env.example").read_text()
    assert {name for name in needed if name not in text and "_GITHUB_" not in name} == set()
    assert "EnvironmentFile=/etc/crewkit-git/github-app.env" in SHARED.read_text()


def test_image_has_this_version_and_does_not_run_as_root() -> None:
    """Manifests name the version that this checkout builds."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    kustomization = (KUBERNETES / "overlays" / "production" / "kustomization.yaml").read_text()
    assert f"newTag: {version[1]}\n" in kustomization
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 10001:10001\n" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    uv = re.search(r"uv_version=(\S+)", (ROOT / "deploy" / "bootstrap.sh").read_text())
    assert uv is not None
    assert f'"uv=={uv[1]}"' in dockerfile
