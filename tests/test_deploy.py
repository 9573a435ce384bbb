"""The files to deploy with are sound: they parse, they refer to what exists, their variables are settings."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bowerbird.settings import Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
IMAGE = re.compile(r"[a-z0-9./-]+:[A-Za-z0-9._-]+")
KNOWN = {f"BOWERBIRD_{name.upper()}" for name in Settings.model_fields}
COMMANDS = {"serve", "api", "worker", "model-host", "init", "portal"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
Yaml = Any  # whatever a file says


def compose() -> Yaml:
    return yaml.safe_load(COMPOSE.read_text())


def objects() -> list[Yaml]:
    return [one for file in MANIFESTS for one in yaml.safe_load_all(file.read_text())]


def of_kind(*kinds: str) -> dict[str, Yaml]:
    return {one["metadata"]["name"]: one for one in objects() if one["kind"] in kinds}


def pods() -> dict[str, Yaml]:
    """The pod of each workload, by the workload's name."""
    return {name: one["spec"]["template"] for name, one in of_kind("Deployment", "StatefulSet").items()}


def containers(pod: Yaml) -> list[Yaml]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def ours(texts: Iterator[Any]) -> set[str]:
    return {text for text in texts if str(text).startswith("BOWERBIRD_")}


def test_every_variable_in_the_files_is_a_setting() -> None:
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            named = set(re.findall(r"\bBOWERBIRD_[A-Z_]+[A-Z]\b", file.read_text()))
            assert named <= KNOWN, file.name


def test_the_values_of_the_files_are_ones_that_settings_take() -> None:
    environment = compose()["services"]["api"]["environment"]
    data = of_kind("ConfigMap")["bowerbird"]["data"] | of_kind("Secret")["bowerbird"]["stringData"]
    image = dict(re.findall(r"(BOWERBIRD_[A-Z_]+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    portal = compose()["services"]["portal"]["environment"]
    for given in (environment, portal, data, image):
        chosen = {k.removeprefix("BOWERBIRD_").lower(): given[k] for k in ours(iter(given))}
        Settings(**chosen, _env_file=None)


def test_the_services_of_compose_refer_to_what_exists() -> None:
    described = compose()
    services, volumes = described["services"], described["volumes"]
    for name, service in services.items():
        assert IMAGE.fullmatch(service["image"]), name
        for other, how in service.get("depends_on", {}).items():
            assert other in services, (name, other)
            assert how["condition"] in CONDITIONS
            if how["condition"] == "service_healthy" and not services[other]["image"].startswith("bowerbird"):
                assert "healthcheck" in services[other]
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            assert target.startswith("/")
            assert (DEPLOY / source).is_file() if source.startswith("./") else source in volumes, volume
        if service["image"].startswith("bowerbird:"):
            assert service["command"][0] in COMMANDS
    assert services["api"]["deploy"]["replicas"] >= 2
    assert services["worker"]["deploy"]["replicas"] >= 2


def test_the_proxy_leads_to_the_ports_that_the_image_listens_at() -> None:
    exposed = re.search(r"^EXPOSE (.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed
    ports = set(exposed[1].split())
    proxy = (DEPLOY / "nginx.conf").read_text()
    services = compose()["services"]
    served = {name: set(re.findall(rf"server {name}:(\d+)", proxy)) for name in ("api", "portal")}
    assert served == {name: set(services[name]["expose"]) for name in served}
    assert served["api"] | served["portal"] == ports
    heard = set(re.findall(r"listen (\d+)", proxy))
    assert {published.split(":")[1] for published in services["proxy"]["ports"]} == heard


def test_the_portal_reaches_the_api_and_is_told_no_secrets() -> None:
    """Whatever else it were told, a fault of a page could give away."""
    services = compose()["services"]
    told = services["portal"]["environment"]
    assert told["BOWERBIRD_API_URL"] == f"http://api:{services['api']['expose'][0]}"
    assert told["BOWERBIRD_PORTAL_URL"] == services["api"]["environment"]["BOWERBIRD_PORTAL_URL"]
    assert not any("PASSWORD" in str(value) for value in told.values())
    assert services["portal"]["volumes"] == []
    [ours] = containers(pods()["portal"])
    assert [list(source) for source in ours["envFrom"]] == [["configMapRef"]]
    [port] = of_kind("Service")["api"]["spec"]["ports"][:1]
    assert of_kind("ConfigMap")["bowerbird"]["data"]["BOWERBIRD_API_URL"] == f"http://api:{port['port']}"


def test_compose_takes_the_file_as_its_own() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no plugin compose here")
    command = [docker, "compose", "-f", str(COMPOSE), "config", "--quiet"]
    told = {"POSTGRES_PASSWORD": "x", "MINIO_PASSWORD": "x", "PATH": str(Path(docker).parent)}
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_objects_of_kubernetes_are_whole() -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in objects()]
    assert len(names) == len(set(names))
    for one in objects():
        assert one["apiVersion"]
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "bowerbird", one["metadata"]["name"]
    kinds = {kind for kind, _ in names}
    assert {"Deployment", "StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"} <= kinds


def test_pods_run_what_exists_and_are_probed_where_they_listen() -> None:
    sources = of_kind("ConfigMap") | of_kind("Secret")
    for pod in pods().values():
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]} | {"data"}
        for one in containers(pod):
            assert IMAGE.fullmatch(one["image"])
            assert {mount["name"] for mount in one["volumeMounts"]} <= volumes
            if one["image"].startswith("bowerbird:"):
                assert one["args"][0] in COMMANDS
            for source in one.get("envFrom", ()):
                [reference] = source.values()
                assert reference["name"] in sources
            ports = {port["name"] for port in one.get("ports", ())}
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                if "httpGet" in one.get(probe, {}):
                    assert one[probe]["httpGet"]["port"] in ports
    for name in ("api", "worker"):
        [main] = [one for one in containers(pods()[name]) if one["name"] == name]
        assert main["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert main["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_selectors_select_something_and_services_lead_to_ports() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods().items()}

    def selected(selector: dict[str, str]) -> list[str]:
        return [name for name, its in labels.items() if selector.items() <= its.items()]

    for name, workload in of_kind("Deployment", "StatefulSet").items():
        assert selected(workload["spec"]["selector"]["matchLabels"]) == [name]
    for budget in of_kind("PodDisruptionBudget").values():
        assert selected(budget["spec"]["selector"]["matchLabels"])
    for policy in of_kind("NetworkPolicy").values():
        assert selected(policy["spec"]["podSelector"].get("matchLabels", {}))
    for service in of_kind("Service").values():
        [name] = selected(service["spec"]["selector"])
        named = {port["name"] for one in containers(pods()[name]) for port in one.get("ports", ())}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named
