"""Files under ``deploy/`` name one another, what the image runs as, and keys that the daemon has."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from signald.config import load_config

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def test_the_deployed_configuration_is_one_the_daemon_takes() -> None:
    config = load_config(DEPLOY / "kubernetes" / "signald.toml", environ={})

    assert config.mqtt.tls
    assert config.redis.url.startswith("rediss://")
    assert tomllib.loads((DEPLOY / "kubernetes" / "signald.toml").read_text())["consumers"]


def test_compose_mounts_files_that_there_are() -> None:
    compose = read(DEPLOY / "compose.yaml")

    sources = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    } - {"./secrets"}
    named = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if not volume.startswith(".")
    }

    assert sources
    assert [source for source in sorted(sources) if not (DEPLOY / source).exists()] == []
    assert named == set(compose["volumes"])


def test_compose_publishes_nothing_beyond_loopback() -> None:
    compose = read(DEPLOY / "compose.yaml")

    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_kustomization_names_every_manifest() -> None:
    kustomization = read(DEPLOY / "kubernetes" / "kustomization.yaml")

    assert {*kustomization["resources"], "kustomization.yaml"} == {path.name for path in MANIFESTS}


@pytest.mark.parametrize("service", ["signald-a", "signald-b"])
def test_daemons_run_as_the_images_user_and_write_to_their_volume_only(service: str) -> None:
    compose = read(DEPLOY / "compose.yaml")["services"][service]
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text()
    pod = read(DEPLOY / "kubernetes" / "statefulset.yaml")["spec"]["template"]["spec"]

    user = compose["user"].split(":")[0]

    assert f"USER {user}\n" in dockerfile
    assert pod["securityContext"]["runAsUser"] == int(user)
    assert compose["read_only"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert [volume for volume in compose["volumes"] if not volume.endswith(":ro")] == [f"{service}:/var/lib/signald"]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None and not os.environ.get("CI"):
        pytest.skip("systemd-analyze is not installed")
    assert analyze is not None
    unit = (DEPLOY / "systemd" / "signald.service").read_text()
    there = tmp_path / "signald.service"
    there.write_text(re.sub(r"/opt/signald/bin/signald|/opt/signald/README.md", shutil.which("true") or "", unit))

    done = subprocess.run(  # noqa: S603 - the system's own program
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(there)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert {"Type=notify", "NotifyAccess=main"} <= set(unit.splitlines())
    assert re.search(r"^WatchdogSec=\d+$", unit, flags=re.MULTILINE)
