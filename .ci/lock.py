"""Fix every version: rewrites ``constraint-dependencies`` in pyproject.toml and requirements.lock.

    python .ci/lock.py [--upgrade]

Versions already fixed stay where they still fit; ``--upgrade`` takes the newest. uv.lock itself is not committed, since
it names the index it was made from; the constraints fix the same versions for whatever index ``uv run`` is given.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
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


def resolved() -> list[str]:
    """Every package of every group and extra at its version; its marker only where versions differ by it."""
    exported = uv("export", "--frozen", "--all-groups", "--all-extras", "--no-hashes", "--no-emit-project")
    versions: dict[str, set[str]] = defaultdict(set)
    requirements: list[str] = []
    for line in exported.splitlines():
        requirement = line.split("#")[0].strip()
        if "==" in requirement:
            requirements.append(requirement)
            name, version = requirement.split(";")[0].strip().split("==")
            versions[name].add(version)
    fixed: set[str] = set()
    for requirement in requirements:
        pin = requirement.split(";")[0].strip()
        fixed.add(requirement if len(versions[pin.split("==")[0]]) > 1 else pin)
    return sorted(fixed)


def main() -> None:
    """Resolve, fix the versions, resolve again under them, write the hashes."""
    upgrade = sys.argv[1:] == ["--upgrade"]
    if not upgrade and not (ROOT / "uv.lock").exists():
        uv("lock")
    write_constraints([])
    uv("lock", *(["--upgrade"] if upgrade else []))
    write_constraints(resolved())
    uv("lock")
    hashes = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
    hashes.append(f"--python-version={OLDEST_PYTHON}")
    uv("pip", "compile", "pyproject.toml", "--output-file=requirements.lock", "--quiet", *hashes)


if __name__ == "__main__":
    main()
