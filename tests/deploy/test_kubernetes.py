"""The manifests: valid for the API of several versions of Kubernetes, careful, and about the code that there is."""

import inspect
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.app import SERVICES
from services.cli import _parser
from services.kit import db, metrics, settings, web
from tests.conftest import soak
from tests.deploy import custom
from tests.deploy.reading import (
    IMAGES,
    KUBERNETES,
    Container,
    containers,
    env_file,
    kinds,
    known,
    manifests,
    unknown,
    variables,
    walk,
)

VERSIONS = ("1.34", kubernetes_validate.latest_version())
"""The oldest that the README asks for, and the newest that the schemas know."""
BASE = KUBERNETES / "base"
MANIFESTS = dict(manifests())
CONTAINERS = {one.where: one for one in containers()}
OURS = {where: one for where, one in CONTAINERS.items() if one.spec["image"].split(":")[0] in IMAGES}
BEFORE, AFTER = (one for one in CONTAINERS.values() if one.name.startswith("migrate-"))
HUB = {
    where: one
    for where, one in CONTAINERS.items()
    if one.spec["image"].startswith("lotsennetz:") and one not in (BEFORE, AFTER)
}
LASTING = {where: one for where, one in CONTAINERS.items() if one not in (BEFORE, AFTER)}
each_container = pytest.mark.parametrize("one", CONTAINERS.values(), ids=CONTAINERS)


@pytest.mark.parametrize("version", [VERSIONS[0], pytest.param(VERSIONS[1], marks=soak)])
def test_the_api_takes_every_manifest(version: str) -> None:
    for where, one in MANIFESTS.items():
        if (one["apiVersion"], one["kind"]) in custom.SHAPES:
            assert list(custom.faults(one["spec"], custom.SHAPES[one["apiVersion"], one["kind"]])) == [], where
        else:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"instances": "3"}, "spec.instances is '3' and no int"),
        ({"instance": 3}, "spec.instance is none of"),
        ({"storage": {"size": "fifty"}}, "spec.storage.size is 'fifty'"),
        ({"plugins": {}}, "spec.plugins takes a list"),
        ({"primaryUpdateMethod": "reboot"}, "spec.primaryUpdateMethod is 'reboot' and not one of restart, switchover"),
    ],
)
def test_our_own_check_finds_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    found = list(custom.faults(change, custom.SHAPES["postgresql.cnpg.io/v1", "Cluster"]))
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_kustomize_names_every_file() -> None:
    for path in KUBERNETES.rglob("kustomization.yaml"):
        named = yaml.safe_load(path.read_text(encoding="utf-8"))["resources"]
        there = {one.name for one in path.parent.glob("*.yaml")} - {path.name}
        assert {one for one in named if one.endswith(".yaml")} == there
        assert all((path.parent / one).exists() for one in named)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")
def test_what_an_operator_applies_is_valid() -> None:
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays" / "example")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = list(yaml.safe_load_all(shown))
    for one in found:
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "lotsennetz"
        if (one["apiVersion"], one["kind"]) not in custom.SHAPES:
            kubernetes_validate.validate(one, VERSIONS[0], strict=True)
    scaled = [one["spec"]["scaleTargetRef"]["name"] for one in found if "scaleTargetRef" in one.get("spec", {})]
    assert sorted(set(scaled)) == sorted(scaled), "two autoscalers pull at one Deployment"


# Careful


@each_container
def test_a_container_is_careful(one: Container) -> None:
    pod, spec = one.pod, one.spec
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert spec["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= spec.keys() or one in (BEFORE, AFTER)
    assert {"cpu", "memory", "ephemeral-storage"} <= spec["resources"]["requests"].keys()
    assert {"memory", "ephemeral-storage"} <= spec["resources"]["limits"].keys()
    assert re.fullmatch(r"[a-z/.-]+:\d+\.\d+[\w.-]*", spec["image"]), "an image of one version"
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in spec["volumeMounts"]} == volumes


def test_no_secret_is_in_a_file() -> None:
    assert kinds("Secret") == []
    for where, one in CONTAINERS.items():
        for variable in one.spec.get("env", ()):
            secret = re.search(r"SECRET|PASSWORD|_URL|AUTH", variable["name"])
            assert "valueFrom" in variable or not secret or "$(" in variable["value"], where
    given = env_file(BASE / "settings.env")
    assert not given.keys() & {"LOTSENNETZ_SECRET", "LOTSENNETZ_DATABASE_URL", "LOTSENNETZ_SMTP_URL"}


def test_every_workload_survives_a_drained_node() -> None:
    spread = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in kinds("Deployment")}
    single = {"valkey"}  # keeps nothing
    assert {one["metadata"]["name"] for one in kinds("PodDisruptionBudget")} == spread.keys() - single
    assert {one["metadata"]["name"] for one in kinds("HorizontalPodAutoscaler")} == spread.keys() - single
    for one in kinds("PodDisruptionBudget"):
        assert one["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        selector = one["spec"]["selector"]["matchLabels"]
        assert selector == _deployment(one["metadata"]["name"])["spec"]["selector"]["matchLabels"]
    for one in kinds("HorizontalPodAutoscaler"):
        assert one["spec"]["minReplicas"] >= 2
        assert one["spec"]["scaleTargetRef"]["name"] == one["metadata"]["name"]
    for name, pod in spread.items():
        keys = [one["topologyKey"] for one in pod.get("topologySpreadConstraints", ())]
        assert name in single or keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_labels_lead_to_pods() -> None:
    pods = [one["spec"]["template"]["metadata"]["labels"] for kind in ("Deployment", "Job") for one in kinds(kind)]
    pods.append({"cnpg.io/cluster": "database"})
    for where, one in MANIFESTS.items():
        for key, found in walk(one["spec"]) if one["kind"] in {"NetworkPolicy", "PodMonitor", "Service"} else ():
            wanted = found.get("matchLabels", found) if key in {"podSelector", "selector"} else {}
            foreign = "k8s-app" in wanted
            assert foreign or any(wanted.items() <= labels.items() for labels in pods), where


def test_nobody_talks_to_anybody_unless_a_policy_says_so() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in kinds("NetworkPolicy")}
    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, one in policies.items():
        assert name == "nobody" or all("ports" in rule for side in ("ingress", "egress") for rule in one.get(side, ()))
    ports = {port["containerPort"] for one in CONTAINERS.values() for port in one.spec.get("ports", ())}
    ports |= {5432, 8000, 9187}  # the database's own
    for one in policies.values():
        for rule in one.get("ingress", ()):
            assert {port["port"] for port in rule["ports"]} <= ports


# About the code that there is


def _deployment(name: str) -> dict[str, Any]:
    return next(one for one in kinds("Deployment") if one["metadata"]["name"] == name)


@pytest.mark.parametrize("one", OURS.values(), ids=OURS)
def test_every_variable_is_one_that_is_read(one: Container) -> None:
    assert unknown(one.spec["image"], {variable["name"]: "" for variable in one.spec.get("env", ())}) == []


def test_every_setting_is_one_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given = env_file(BASE / "settings.env")
    overlay = yaml.safe_load((KUBERNETES / "overlays" / "example" / "kustomization.yaml").read_text(encoding="utf-8"))
    given |= dict(one.split("=", 1) for one in overlay["configMapGenerator"][0]["literals"])
    assert sorted(given.keys() - known()) == []
    read = settings.from_environment(given)
    assert not read.workers
    assert read.peers == {name: f"http://{name}:8000" for name in SERVICES}
    assert read.url_of("events") == read.public_url, "links lead outside"


@pytest.mark.parametrize("one", HUB.values(), ids=HUB)
def test_every_command_is_one_of_the_hub_s(one: Container) -> None:
    asked = _parser().parse_args(one.spec["args"])
    assert asked.service == [one.name.removesuffix("-work")]
    assert set(asked.service) <= SERVICES.keys()
    assert (one.spec["args"][0] == "work") == one.name.endswith("-work")


def test_the_owner_of_the_database_only_migrates() -> None:
    assert BEFORE.spec["args"] == ["migrate", "--phase", "before"], "old pods go on meanwhile"
    assert AFTER.spec == BEFORE.spec | {"args": ["migrate"]}
    assert AFTER.pod | {"containers": BEFORE.pod["containers"]} == BEFORE.pod
    for one in (BEFORE, AFTER):
        assert _parser().parse_args(one.spec["args"]).run is not None
    for where, one in CONTAINERS.items():
        named = {ref["name"] for key, ref in walk(one.spec) if key == "secretKeyRef"}
        assert ("database-app" in named) == (one in (BEFORE, AFTER)), where
    version = BEFORE.spec["image"].split(":")[1].replace(".", "-")
    assert BEFORE.name == f"migrate-{version}"
    assert BEFORE.pod["restartPolicy"] == "OnFailure"
    made = next(one for one in kinds("CronJob") if one["metadata"]["name"] == AFTER.name)
    assert made["spec"]["suspend"], "who knows that no old pod is left makes a Job of it"
    readme = (KUBERNETES / "README.md").read_text(encoding="utf-8")
    assert f"create job after-{version} --from=cronjob/{AFTER.name}" in readme


def test_every_service_has_its_workloads() -> None:
    assert {one.name for one in HUB.values()} == {f"{name}{part}" for name in SERVICES for part in ("", "-work")}


def test_probes_ask_what_is_answered() -> None:
    paths = {path for handler in (web.live, web.ready) for path in handler.paths}
    image = variables(IMAGES["lotsennetz"])
    listening = {"http": int(image["LOTSENNETZ_PORT"]), "metrics": int(image["LOTSENNETZ_METRICS"].split(":")[1])}
    for where, one in HUB.items():
        open_ = {port["name"]: port["containerPort"] for port in one.spec["ports"]}
        works = one.name.endswith("-work")
        assert open_ == ({"metrics": listening["metrics"]} if works else listening), where
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = one.spec[kind]["httpGet"]
            assert asked["path"] in paths, where
            assert asked["port"] == ("metrics" if works else "http"), where
            ready = asked["path"] == "/health/ready"
            assert ready == (kind == "readinessProbe"), "without a database a restart would help nobody"
    router = next(one.spec for one in OURS.values() if one.name == "router")
    assert router["ports"][0]["containerPort"] == int(variables(IMAGES["lotsennetz-router"])["ROUTER_PORT"])


def test_there_is_time_to_stop() -> None:
    from services.cli.running import DRAIN_SECONDS
    from services.kit.service import STOP_TURNS

    for one in HUB.values():
        assert one.pod["terminationGracePeriodSeconds"] > 5 + DRAIN_SECONDS + STOP_TURNS


def test_services_lead_to_open_ports() -> None:
    for one in kinds("Service"):
        name, port = one["metadata"]["name"], one["spec"]["ports"][0]
        open_ = {
            p["name"]: p["containerPort"]
            for c in CONTAINERS.values()
            for p in c.spec.get("ports", ())
            if c.name == name
        }
        assert open_[port["targetPort"]] == port["port"], name


def test_the_three_services_differ_only_in_name_and_weight() -> None:
    said = [(BASE / f"{name}.yaml").read_text(encoding="utf-8").replace(name, "NAME") for name in SERVICES]
    differing = {a for text in said for a, b in zip(text.splitlines(), said[0].splitlines(), strict=True) if a != b}
    assert all("cpu:" in line or "memory:" in line for line in differing), differing


def test_the_database_is_the_hub_s() -> None:
    cluster = kinds("Cluster")[0]
    roles = {one["name"]: one for one in cluster["spec"]["managed"]["roles"]}
    owner = cluster["spec"]["bootstrap"]["initdb"]["owner"]
    assert sorted(roles[owner]["inRoles"]) == sorted(map(db.role_of, SERVICES))
    for name in SERVICES:
        assert not roles[db.role_of(name)]["login"]
        assert roles[f"{name}_process"]["inRoles"] == [db.role_of(name)]
    for where, one in HUB.items():
        service = one.name.removesuffix("-work")
        given = {variable["name"]: variable for variable in one.spec["env"]}
        secret = given["DATABASE_PASSWORD"]["valueFrom"]["secretKeyRef"]
        assert secret == {"name": roles[f"{service}_process"]["passwordSecret"]["name"], "key": "password"}, where
        for variable, part in (("DATABASE", "rw"), ("REPLICA", "ro")):
            host = f"{cluster['metadata']['name']}-{part}/{cluster['spec']['bootstrap']['initdb']['database']}"
            assert given[f"LOTSENNETZ_{variable}_URL"]["value"].endswith(
                f"{service}_process:$(DATABASE_PASSWORD)@{host}"
            )


def test_the_database_has_a_connection_for_everybody() -> None:
    pool = inspect.signature(db.Database.__init__).parameters["pool"].default
    most = {one["metadata"]["name"]: one["spec"]["maxReplicas"] for one in kinds("HorizontalPodAutoscaler")}
    # A process that answers has two pools, and listens; one more pod of each starts before an old one goes.
    needed = sum(
        (most[one.name] + 1) * (pool + 2 if one.name.endswith("-work") else 2 * pool + 5) for one in HUB.values()
    )
    assert needed <= int(kinds("Cluster")[0]["spec"]["postgresql"]["parameters"]["max_connections"])


def test_what_decides_about_processes_is_measured() -> None:
    code = Path(metrics.__file__).read_text(encoding="utf-8")
    objects = {one["metadata"]["name"]: one["spec"] for one in kinds("ScaledObject")}
    assert objects.keys() == {one.name for one in HUB.values()}
    labels = next(one for one in kinds("PodMonitor") if one["metadata"]["name"] == "hub")["spec"]["podTargetLabels"]
    there = {"route", "service", *(re.sub(r"\W", "_", label) for label in labels)}
    for name, one in objects.items():
        assert one["scaleTargetRef"]["name"] == name
        assert one["triggers"][0]["type"] == "cpu"
        query = one["triggers"][1]["metadata"]["query"]
        for metric in re.findall(r"lotsennetz_\w+", query):
            assert f'"{metric.removesuffix("_bucket")}"' in code
        assert set(re.findall(r"(\w+)(?:=|!~)\"", query)) <= there
        assert f'="{name.removesuffix("-work")}"' in query


def test_monitors_ask_open_ports() -> None:
    names = {port["name"] for one in CONTAINERS.values() for port in one.spec.get("ports", ())} | {"metrics"}
    for one in kinds("PodMonitor"):
        assert {endpoint["port"] for endpoint in one["spec"]["podMetricsEndpoints"]} <= names


def test_the_readme_makes_every_secret() -> None:
    readme = (KUBERNETES / "README.md").read_text(encoding="utf-8")
    for one in CONTAINERS.values():
        for key, ref in walk(one.spec):
            if key == "secretKeyRef" and ref["name"] != "database-app":
                assert f"--from-literal={ref['key']}=" in readme
    store = kinds("ObjectStore")[0]["spec"]["configuration"]["s3Credentials"]
    assert all(f"--from-literal={one['key']}=" in readme for one in store.values())


def test_versions_are_those_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((Path(KUBERNETES).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {one.spec["image"].split(":")[1] for one in OURS.values()} == {project["version"]}
