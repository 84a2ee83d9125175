"""Builds the image where a builder is at hand and looks at what came out; elsewhere plays the Dockerfile without one.

    python .ci/image.py

Played without a builder, the steps of the first stage run in a directory of their own, with what ``.dockerignore`` lets
in and the Python at hand: the lock installs with its hashes, the kernels compile. Either way the result must start as
another user who can write nothing there, must compile nothing anew, and be smaller than 600 MB.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TAG = "signald:local"
MOST_MB = 600
BASE_MB = 125  # python:3.12-slim, unpacked
USER = 10001
SCANNERS = {
    "trivy": ["image", "--quiet", "--exit-code=1", "--ignore-unfixed", "--severity=HIGH,CRITICAL"],
    "grype": ["--quiet", "--only-fixed", "--fail-on=high"],
}
LABELS = {"title", "description", "licenses", "version", "revision"}


class Step(NamedTuple):
    """One instruction."""

    word: str
    rest: str


def main() -> None:
    """Build or play; exit 1 with what is wrong."""
    steps = read_dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    judge_text(steps)
    builder = find_builder(steps[0].rest.split()[0])
    if builder:
        build(builder)
    else:
        say("no builder that has the base image (docker, podman, buildah): played without one")
        with tempfile.TemporaryDirectory(prefix="signald-image-") as folder:
            play(steps, Path(folder))


def read_dockerfile(text: str) -> list[Step]:
    """Its instructions, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


def judge_text(steps: list[Step]) -> None:
    """Two stages, another user than root, a health check, labels, a command in the form that takes signals."""
    last = steps[max(number for number, step in enumerate(steps) if step.word == "FROM") :]
    found = {step.word: step.rest for step in last}
    labels = {name for step in last if step.word == "LABEL" for name in re.findall(r"image\.(\w+)=", step.rest)}
    check(sum(step.word == "FROM" for step in steps) > 1, "one stage only")
    check(found.get("USER") == str(USER), "runs as root")
    check("HEALTHCHECK" in found, "no health check")
    check(labels >= LABELS, f"labels missing: {sorted(LABELS - labels)}")
    check(found.get("ENTRYPOINT", "").startswith("["), "a shell would take the signals")


def find_builder(base: str) -> str:
    """The first that is there and has the base, or can fetch it; ``""``: none."""
    for name in ("docker", "podman", "buildah"):
        if any(quiet([name, *told]).returncode == 0 for told in (["inspect", base], ["pull", base])):
            return name
    return ""


def build(builder: str) -> None:
    """Build, and look at the image."""
    told = [f"--build-arg=VERSION={version()}", f"--build-arg=REVISION={revision()}"]
    run([builder, "build", *told, "--tag", TAG, "."])
    if builder == "buildah":
        return
    size_mb = int(output([builder, "image", "inspect", "--format", "{{.Size}}", TAG])) / 1e6
    check(size_mb < MOST_MB, f"{size_mb:.0f} MB")
    inside = [builder, "run", "--rm", "--read-only", "--network=none", "--entrypoint=signald", TAG, "check"]
    run(inside)
    scan()
    say(f"{TAG}: {size_mb:.0f} MB, starts as user {USER} on a read-only root")


def scan() -> None:
    """Known vulnerabilities that have a cure, of the base's packages too; the lock's own are ``make audit``'s."""
    for name, told in SCANNERS.items():
        if shutil.which(name):
            run([name, *told, TAG], stdout=None)
            return
    say(f"not scanned: none of {', '.join(SCANNERS)} is here")


def play(steps: list[Step], folder: Path) -> None:
    """Run the first stage's steps in ``folder``, which stands for the root."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SIGNALD", "VIRTUAL_ENV"))}
    root, context = folder / "root", folder / "context"
    (root / "src").mkdir(parents=True)
    copy_context(context)
    stage = steps[1 : next(number for number, step in enumerate(steps) if number and step.word == "FROM")]
    python = shutil.which("python3.12") if quiet(["python3.12", "--version"]).returncode == 0 else sys.executable
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python or sys.executable)
    environment |= {"PATH": f"{folder / 'bin'}:{environment['PATH']}", "VERSION": version()}
    for step in stage:
        match step.word:
            case "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", step.rest):
                    placed = value.replace("/opt/", f"{root}/opt/")
                    environment[name] = re.sub(r"\$(\w+)", lambda found: environment.get(found[1], ""), placed)
            case "COPY":
                *sources, place = step.rest.split()
                for source in sources:
                    copy(context / source, root / "src" / place)
            case "RUN":
                say(f"RUN {step.rest}")
                run(["sh", "-ec", step.rest.replace("/opt/", f"{root}/opt/")], cwd=root / "src", env=environment)
            case _:
                pass
    judge(root / "opt" / "signald", environment)


def judge(place: Path, environment: dict[str, str]) -> None:
    """It is small enough, and another user starts it without a change to it."""
    size_mb = sum(path.lstat().st_size for path in place.rglob("*")) / 1e6
    check(size_mb + BASE_MB < MOST_MB, f"{size_mb:.0f} MB above a base of {BASE_MB} MB")
    kernels = {path: path.stat().st_mtime_ns for path in (place / "kernels").iterdir()}
    check(bool(kernels), "no kernel was compiled")
    command: list[str | Path] = [place / "bin" / "signald", "check"]
    python = (place / "bin" / "python").resolve()
    is_everybodys = all(folder.stat().st_mode & 0o001 for folder in python.parents)
    if os.getuid() == 0 and is_everybodys:
        for folder in (*place.parents[:3], place / "kernels"):
            folder.chmod(0o755)
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
    else:
        say("started as ourselves: only root can be another user, and that only with a Python that others may read")
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)
        run(command, cwd=home, env=environment | {"HOME": home, "PYTHONDONTWRITEBYTECODE": "1"})
    check(kernels == {path: path.stat().st_mtime_ns for path in (place / "kernels").iterdir()}, "kernels compiled anew")
    say(f"{size_mb:.0f} MB above its base, {len(kernels)} kernels, starts and changes nothing")


def copy_context(place: Path) -> None:
    """What ``.dockerignore`` lets in: all is ignored but the lines that begin with ``!``."""
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in (rule[1:] for rule in rules if rule.startswith("!")):
        copy(ROOT / name, place / name)


def copy(source: Path, place: Path) -> None:
    """As COPY does: a file into a directory, a directory's content."""
    check(source.exists(), f"COPY: {source.name} is not in the context")
    if source.is_dir():
        shutil.copytree(source, place, ignore=lambda _, names: fnmatch.filter(names, "__pycache__"))
    else:
        target = place / source.name if place.is_dir() else place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def version() -> str:
    """The newest tag's; what has none is 0.1.0, as pyproject.toml says."""
    found = quiet(["git", "describe", "--tags", "--abbrev=0"])
    return found.stdout.strip().removeprefix("v") or "0.1.0"


def revision() -> str:
    """The commit."""
    return quiet(["git", "rev-parse", "HEAD"]).stdout.strip() or "unknown"


def run(command: list[str | Path] | list[str], **how: object) -> None:
    """Run, and fail with it."""
    subprocess.run(command, check=True, **{"cwd": ROOT, "stdout": subprocess.DEVNULL, **how})  # pyright: ignore[reportCallIssue, reportArgumentType]


def output(command: list[str]) -> str:
    """What it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def quiet(command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run and look; it may fail."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", "")


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """End with what is wrong."""
    if not holds:
        sys.exit(f"image: {otherwise}")


def say(text: str) -> None:
    """A line for people."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
