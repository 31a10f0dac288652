"""The manifests: well-formed, consistent in themselves, and they name commands that there are."""

from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types would be one more dependency

import deploy
from config.settings import variables
from deploy.cli import run

FOLDER = Path(deploy.__file__).parent / "kubernetes"
Part = dict[str, Any]
PARTS: list[Part] = [
    part for file in sorted(FOLDER.glob("*.yaml")) for part in yaml.safe_load_all(file.read_text())
]


def name(part: Part) -> str:
    return str(part["metadata"]["name"])


def pod(part: Part) -> Part:
    found: Part = part["spec"]["template"]["spec"]
    return found


def test_all_parts_are_there() -> None:
    assert sorted(part["kind"] for part in PARTS) == [
        "Deployment",
        "Deployment",
        "Job",
        "PodDisruptionBudget",
    ]


@pytest.mark.parametrize("part", [p for p in PARTS if p["kind"] == "Deployment"], ids=name)
def test_a_deployment_finds_its_pods_and_asks_how_they_are(part: Part) -> None:
    labels, wanted = part["spec"]["template"]["metadata"]["labels"], part["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= labels.items()
    (container,) = pod(part)["containers"]
    ports = {port["name"] for port in container["ports"]}
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"]["path"] == path
        assert container[probe]["httpGet"]["port"] in ports
    assert pod(part)["terminationGracePeriodSeconds"] >= 10


@pytest.mark.parametrize("part", [p for p in PARTS if "template" in p["spec"]], ids=name)
def test_its_command_and_settings_exist(part: Part) -> None:
    for container in pod(part)["containers"]:
        assert callable(getattr(run, container["args"][0]))
        assert {env["name"] for env in container.get("env", ())} <= set(variables())


@pytest.mark.parametrize("part", [p for p in PARTS if "template" in p["spec"]], ids=name)
def test_no_service_of_the_cluster_looks_like_a_setting(part: Part) -> None:
    # One that is named duologue-… would be DUOLOGUE_…_SERVICE_HOST, which is refused.
    assert pod(part)["enableServiceLinks"] is False


@pytest.mark.parametrize("part", [p for p in PARTS if "template" in p["spec"]], ids=name)
def test_an_image_that_a_node_has_is_not_looked_for_elsewhere(part: Part) -> None:
    # Without a tag it would be pulled at each start, from a registry that knows nothing of it.
    for container in pod(part)["containers"]:
        assert container["imagePullPolicy"] == "IfNotPresent"
