"""``make golden``: runs a demo anew, keeps the first days of its journal, and writes the digest of their documents.

To be run where documents are meant to change, and the change looked at before it is committed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from signald.journal.compression import compress_segment
from signald.journal.parts import parts
from signald.journal.reader import read
from signald.journal.segments import LOCK_NAME, list_segments
from signald.journal.writer import JournalWriter
from signald.model.time import parse_rfc3339
from signald.simulate.child import free_port

HERE = Path(__file__).parent
PLAN = HERE / "ci.toml"
JOURNAL = HERE / "journal"
UNTIL = parse_rfc3339("2025-01-16T00:00:00Z")  # payrolls, producers' and consumers' prices; frames are what takes room
SIGNALD = [sys.executable, "-m", "signald"]


def main() -> None:
    """Run all of it."""
    with tempfile.TemporaryDirectory() as folder:
        ports = (f"--mqtt-port={free_port(2)}", f"--redis-port={free_port()}", f"--metrics-port={free_port()}")
        subprocess.run([*SIGNALD, "demo", "--duration=20", "--no-console", *ports], cwd=folder, check=True)  # noqa: S603
        whole = Path(folder) / "var" / "demo-journal"
        shutil.rmtree(JOURNAL, ignore_errors=True)
        for part in parts(whole):
            _keep(part, JOURNAL / part.relative_to(whole))
    _write_digest("")
    subprocess.run([*SIGNALD, "ci", str(PLAN)], check=True)  # noqa: S603 - our own program
    result = msgspec.json.decode((HERE / "../../../build/ci/result.json").read_bytes())
    _write_digest(result["replay"]["digest"])


def _keep(part: Path, to: Path) -> None:
    """Keep what was ingested before the end."""
    with JournalWriter(to) as writer:
        for record in read(part, to_ts=UNTIL):
            writer.append(record)
    for segment in list_segments(to):
        compress_segment(segment)
    (to / LOCK_NAME).unlink()


def _write_digest(digest: str) -> None:
    text = re.sub(r'^golden = ".*"$', f'golden = "{digest}"', PLAN.read_text(), flags=re.MULTILINE)
    PLAN.write_text(text)


if __name__ == "__main__":
    main()
