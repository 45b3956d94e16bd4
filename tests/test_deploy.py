"""What `deploy/` sets is what the program reads, and what it starts is what the program has."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from service.cli.main import cli
from service.settings import PREFIX, Settings
from tests.conftest import ROOT

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8")))
OBJECTS = {(each["kind"], each["metadata"]["name"]): each for each in KUBERNETES}
DEPLOYMENTS = [each for each in KUBERNETES if each["kind"] == "Deployment"]


def variables() -> Iterator[str]:
    """Every setting that a file under `deploy/` names."""
    for service in COMPOSE["services"].values():
        yield from service.get("environment", {})
    yield from OBJECTS["ConfigMap", "answer-evaluator"]["data"]


def commands() -> Iterator[list[str]]:
    """Every command that a container is started with."""
    for service in COMPOSE["services"].values():
        if "command" in service:
            yield service["command"]
    for deployment in DEPLOYMENTS:
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            yield container["args"]


def test_every_variable_is_a_setting() -> None:
    """A misspelt one would be ignored, and the service would run with its default."""
    ours = {name for name in variables() if name.startswith(PREFIX)}

    assert ours <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert f"{PREFIX}DATABASE_URL" in ours


def test_every_command_exists() -> None:
    """Containers start commands that the program has."""
    started = [command[1] for command in commands()]

    assert {"serve", "worker"} <= set(started)
    assert set(started) <= set(cli.commands)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: str(each["metadata"]["name"]))
def test_selectors_find_their_pods(deployment: dict[str, Any]) -> None:
    """A deployment owns the pods it makes, and its settings come from objects that the file or its head makes."""
    template = deployment["spec"]["template"]
    sources = [source for container in template["spec"]["containers"] for source in container["envFrom"]]

    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    assert {"configMapRef": {"name": "answer-evaluator"}} in sources
    assert {"secretRef": {"name": "answer-evaluator"}} in sources


def test_the_service_reaches_the_api() -> None:
    """Its selector and port are those of the API's pods."""
    service = OBJECTS["Service", "answer-evaluator"]["spec"]
    pod = OBJECTS["Deployment", "answer-evaluator-api"]["spec"]["template"]
    ports = [port["name"] for container in pod["spec"]["containers"] for port in container["ports"]]

    assert service["selector"] == pod["metadata"]["labels"]
    assert service["ports"][0]["targetPort"] in ports
