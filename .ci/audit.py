"""Looks up what requirements.lock fixes among known vulnerabilities: exit 1 with each that is found.

    uv run --with safety-db --with packaging python .ci/audit.py

pip-audit asks the registry. What that cannot answer, a mirror without such a list for one, is compared with an offline
list instead, safety-db's of July 2021, and said: no vulnerability that became known since is in that.
"""

import json
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PIP_AUDIT = [
    "uvx",
    "pip-audit",
    "--disable-pip",
    "--require-hashes",
    "--requirement=requirements.lock",
    "--format=json",
]


def main() -> int:
    """Ask, compare, say."""
    done = subprocess.run(PIP_AUDIT, cwd=ROOT, check=False, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"audit: pip-audit said nothing, code {done.returncode}: {done.stderr[-500:]}")
    asked: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    known = [f"{one['name']}: {each['id']}" for one in asked for each in one.get("vulns", ())]
    insecure = offline_list()
    skipped = {one["name"] for one in asked if "skip_reason" in one}
    for name, version in locked():
        if name in skipped:
            known += [f"{name} {version}: {spec}" for spec in insecure.get(name, ()) if version in SpecifierSet(spec)]
    sys.stdout.write("".join(f"{line}\n" for line in known))
    sys.stdout.write(f"{len(asked) - len(skipped)} packages looked up, {len(known)} vulnerabilities\n")
    if skipped:
        sys.stdout.write(f"{len(skipped)} unknown to the registry's list: compared with an offline one of July 2021\n")
    return int(bool(known))


def offline_list() -> dict[str, list[str]]:
    """Names, and which of their versions are vulnerable; a file, since the module opens one that is not there."""
    [listed] = [file for file in files("safety-db") or () if file.name == "insecure.json"]
    return json.loads(listed.read_text(encoding="utf-8"))


def locked() -> list[tuple[str, str]]:
    """Names and versions."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [(name, rest.split()[0]) for name, _, rest in (line.partition("==") for line in lines) if rest]


if __name__ == "__main__":
    sys.exit(main())
