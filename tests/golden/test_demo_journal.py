"""The first days of a demo, kept: `signald ci` over them, as this project's own CI runs it, and what makes it fail."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from signald.cli import EXIT_CHECK_FAILED, EXIT_DONE, run
from signald.journal.parts import parts
from signald.journal.reader import merge
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind

DEMO = Path(__file__).parent / "demo"

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels


class Gate(NamedTuple):
    """The project's own plan over a journal that may not be its own."""

    folder: Path
    journal: Path

    def run(self, *, golden: str | None = None) -> int:
        """Its exit code."""
        plan = (
            (DEMO / "ci.toml").read_text().replace('"journal"', f'"{self.journal}"').replace("../../../build/ci/", "")
        )
        if golden is not None:
            plan = re.sub('golden = ".*"', f'golden = "{golden}"', plan)
        (self.folder / "ci.toml").write_text(plan)
        return run(["ci", str(self.folder / "ci.toml")])

    def result(self) -> dict[str, Any]:
        """What it found."""
        return json.loads((self.folder / "result.json").read_bytes())


def _merged() -> list[Record]:
    """The records of all processes in the order in which they came."""
    return list(merge(parts(DEMO / "journal")))


def _write(path: Path, records: list[Record]) -> Path:
    with JournalWriter(path) as writer:
        for record in records:
            writer.append(record)
    return path


def test_the_demos_journal_still_gives_the_documents_that_were_committed(tmp_path: Path) -> None:
    gate = Gate(tmp_path, DEMO / "journal")

    assert gate.run() == EXIT_DONE
    assert {check["part"] for check in gate.result()["checks"]} == {"replay", "verify"}


def test_another_digest_is_exit_3(tmp_path: Path) -> None:
    gate = Gate(tmp_path, DEMO / "journal")

    assert gate.run(golden="0" * 64) == EXIT_CHECK_FAILED
    assert [check["passed"] for check in gate.result()["checks"]] == [False, True]


def test_one_process_gives_the_documents_of_many(tmp_path: Path) -> None:
    records = [record for record in _merged() if record.kind is not RecordKind.SESSION or record.key == "live"]
    session = next(record for record in records if record.kind is RecordKind.SESSION)
    alone = _write(tmp_path / "alone", [session, *(record for record in records if record is not session)])
    gate = Gate(tmp_path, alone)

    gate.run()  # rows cannot be verified: when a worker's row came to be seen is not on record

    replayed, _ = gate.result()["checks"]
    assert len(parts(DEMO / "journal")) > len(parts(alone)) == 1
    assert replayed["name"] == "documents have the golden digest"
    assert replayed["passed"]


def test_a_document_that_was_changed_since_is_exit_3(tmp_path: Path) -> None:
    records = _merged()
    place, said = next((n, one) for n, one in enumerate(records) if one.kind is RecordKind.SIGNAL)
    document = msgspec.json.decode(said.payload)
    records[place] = said._replace(payload=msgspec.json.encode({**document, "ts_ingest": document["ts_ingest"] + 1}))
    records = [record for record in records if record.kind is not RecordKind.SESSION or record.key == "live"]
    gate = Gate(tmp_path, _write(tmp_path / "changed", records))

    code = gate.run()

    assert code == EXIT_CHECK_FAILED
    assert [(check["part"], check["passed"]) for check in gate.result()["checks"]] == [
        ("replay", True),
        ("verify", False),
    ]
