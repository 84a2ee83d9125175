"""Fix every version: rewrites ``constraint-dependencies`` in pyproject.toml and requirements.lock.

    python .ci/lock.py [--upgrade | --check]

Versions already fixed stay where they still fit; ``--upgrade`` takes the newest; ``--check`` changes nothing and fails
where requirements.lock is not what pyproject.toml asks for. uv.lock itself is not committed, since
it names the index it was made from; the constraints fix the same versions for whatever index ``uv run`` is given.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
BLOCK = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
OLDEST_PYTHON = "3.11"


def uv(*arguments: str) -> str:
    """Run uv in the project's root and return what it printed."""
    return subprocess.run(["uv", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_constraints(constraints: list[str]) -> None:
    """Replace the generated block of pyproject.toml."""
    lines = "".join(f'    "{constraint}",\n' for constraint in constraints)
    text, found = BLOCK.subn(f"constraint-dependencies = [\n{lines}]\n", PYPROJECT.read_text())
    if found != 1:
        sys.exit("pyproject.toml: [tool.uv] needs one constraint-dependencies block")
    PYPROJECT.write_text(text)


def exported(*groups: str) -> dict[str, dict[str, str]]:
    """Name → version → marker of everything that is installed with all extras and ``groups``."""
    lines = uv("export", "--frozen", *groups, "--all-extras", "--no-hashes", "--no-emit-project").splitlines()
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        requirement, _, marker = line.split("#")[0].partition(";")
        name, _, version = requirement.strip().partition("==")
        if version:
            found[name][version] = marker.strip()
    return found


def resolved() -> list[str]:
    """Every package at its version; its marker only where versions differ by it.

    Where the peers of the benches need an older version than everybody else, the constraint is a range: the resolver
    takes its upper end unless it cannot.
    """
    ours, peers = (
        exported("--group=dev", "--group=docs", "--group=deploy", "--group=fuzz"),
        exported("--no-dev", "--group=bench"),
    )
    fixed: set[str] = set()
    for name in ours | peers:
        versions = ours.get(name) or peers[name]
        older = [version for version in peers.get(name, {}) if version not in versions]
        for version, marker in versions.items():
            pin = f"{name}>={min(older, key=ordered)},<={version}" if older else f"{name}=={version}"
            fixed.add(f"{pin} ; {marker}" if len(versions) > 1 and marker else pin)
    return sorted(fixed)


def compile_hashes(target: Path) -> None:
    """Write what a program that is installed needs, with hashes; versions that ``target`` has already stay."""
    how = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
    uv(
        "pip",
        "compile",
        "pyproject.toml",
        f"--output-file={target}",
        "--quiet",
        f"--python-version={OLDEST_PYTHON}",
        *how,
    )


def check() -> None:
    """End with what differs; hashes are not compared, since an index may have files of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(shutil.copy(LOCK, folder))
        compile_hashes(made)
        old, new = ({line for line in path.read_text().splitlines() if "==" in line} for path in (LOCK, made))
    if old != new:
        sys.exit("".join(f"requirements.lock: {line}\n" for line in sorted(old ^ new)) + "run `make lock`")


def ordered(version: str) -> list[int]:
    """A version's numbers, to compare it by."""
    return [int(part) for part in re.findall(r"\d+", version)]


def main() -> None:
    """Resolve, fix the versions, resolve again under them, write the hashes."""
    if sys.argv[1:] == ["--check"]:
        check()
        return
    upgrade = sys.argv[1:] == ["--upgrade"]
    if not upgrade and not (ROOT / "uv.lock").exists():
        uv("lock")
    write_constraints([])
    uv("lock", *(["--upgrade"] if upgrade else []))
    write_constraints(resolved())
    uv("lock")
    compile_hashes(LOCK)


if __name__ == "__main__":
    main()
