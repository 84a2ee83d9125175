"""Looks for secrets in what is committed: exit 1 with each that ``.ci/no-secrets.txt`` does not know.

    uv run --group deploy python .ci/secrets.py

What is made by a program (hashes of the lock, of the model, dashboards) is not looked at.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KNOWN = ROOT / ".ci" / "no-secrets.txt"
MADE = "|".join(
    (
        *(r"(requirements|uv)\.lock$", r"configs/model\.json$", r"\.ci/no-secrets", r"tests/(fuzz/corpus|golden)/"),
        r"deploy/grafana/(dashboards|schema)/",
    )
)


def main() -> int:
    """Scan, compare."""
    command = ["detect-secrets", "scan", "--exclude-files", MADE]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    known = {tuple(line.split()) for line in KNOWN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    new = [
        f"{name}:{one['line_number']}: {one['type']} ({one['hashed_secret']})"
        for name, each in found["results"].items()
        for one in each
        if (name, one["hashed_secret"]) not in known
    ]
    sys.stdout.write("".join(f"{line}\n" for line in new))
    return int(bool(new))


if __name__ == "__main__":
    sys.exit(main())
