"""Judges what `kubectl apply -k deploy/kubernetes` sends: built as kubectl builds it, object by object.

    uv run --group deploy python .ci/cluster.py

Kubernetes' own kinds are judged by its schemas, the Prometheus operator's by the operator's. Every selector must have
labels that the pods have. Where there is no kubectl the files are judged as they stand.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from cloudcoil.models.prometheus_operator.v1 import ServiceMonitor
from kubernetes_validate import latest_version, validate

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "kubernetes"


def main() -> None:
    """Judge all; exit 1 with what is wrong."""
    built = shutil.which("kubectl") is not None
    objects = build() if built else as_they_stand()
    for one in objects:
        judge(one)
    if built:
        judge_selectors(objects)
    sys.stdout.write(
        f"{len(objects)} objects, {'as kubectl builds them' if built else 'not built: there is no kubectl'}\n"
    )


def build() -> list[dict[str, Any]]:
    """What is sent."""
    done = subprocess.run(["kubectl", "kustomize", FOLDER], check=True, stdout=subprocess.PIPE, text=True)
    return list(yaml.safe_load_all(done.stdout))


def as_they_stand() -> list[dict[str, Any]]:
    """The files that the kustomization names."""
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in named]


def judge(one: dict[str, Any]) -> None:
    """An object by its schema; a key that the schema does not know is wrong, too."""
    if one["kind"] == "ServiceMonitor":
        understood = ServiceMonitor.model_validate(one).model_dump(by_alias=True, exclude_unset=True, mode="json")
        check(understood == one, f"ServiceMonitor: understood as {understood}")
    else:
        validate(one, latest_version(), strict=True)


def judge_selectors(objects: list[dict[str, Any]]) -> None:
    """Everything that selects pods selects the daemons, and the daemons are given the configuration that is sent."""
    by_kind = {one["kind"]: one for one in objects}
    template = by_kind["StatefulSet"]["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    selected = {
        "StatefulSet": by_kind["StatefulSet"]["spec"]["selector"]["matchLabels"],
        "Service": by_kind["Service"]["spec"]["selector"],
        "PodDisruptionBudget": by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        "NetworkPolicy": by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    }
    for kind, wanted in selected.items():
        check(bool(wanted) and wanted.items() <= labels, f"{kind} selects {wanted}")
    ports = {port["name"] for port in by_kind["Service"]["spec"]["ports"]}
    scraped = {each["port"] for each in by_kind["ServiceMonitor"]["spec"]["endpoints"]}
    check(scraped <= ports, f"ServiceMonitor scrapes {scraped - ports}, which the service does not have")
    maps = {volume["configMap"]["name"] for volume in template["spec"]["volumes"] if "configMap" in volume}
    check(maps == {by_kind["ConfigMap"]["metadata"]["name"]}, f"pods mount {maps}")
    check({one["metadata"].get("namespace", "signald") for one in objects} == {"signald"}, "more than one namespace")


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """End with what is wrong."""
    if not holds:
        sys.exit(f"cluster: {otherwise}")


if __name__ == "__main__":
    main()
