import json
from pathlib import Path

import numpy as np
import pytest

from signald.core.board import empty_rows
from signald.journal.history import Said, history, record_as_json
from signald.model.records import Record, RecordKind
from tests.support.journals import frame, write_journal

TS = 1_739_367_000_040_000_000


def test_history_is_the_documents_in_their_order(tmp_path: Path) -> None:
    said = [Record(RecordKind.SIGNAL, TS + number, "", f"id{number}", b"{}") for number in range(3)]
    notice = Record(RecordKind.NOTICE, TS + 1, "", "BookGap", b'{"type":"BookGap"}')
    write_journal(tmp_path, [frame(0), said[0], said[1], notice, said[2]])

    documents = list(history(tmp_path, from_ts=TS + 1))
    all_of_it = list(history(tmp_path, from_ts=TS + 1, notices=True))

    assert [document.key for document in documents] == ["id1", "id2"]
    assert all_of_it[1] == Said(TS + 1, RecordKind.NOTICE, "BookGap", b'{"type":"BookGap"}')


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{\n "p": 0.10,\n "s": [1, 2]\n}', '"payload":{"p":0.10,"s":[1,2]}}'),
        (b"not json", '"payload":"not json"}'),
        (b'{"half":', '"payload":"{\\"half\\":"}'),
        (b"\xff\xfe", '"base64":"//4="}'),
    ],
)
def test_a_payload_is_shown_as_what_it_is(payload: bytes, expected: str) -> None:
    line = record_as_json(Record(RecordKind.FRAME, TS, "binance", "", payload)).decode()

    assert line.endswith(expected)
    assert "\n" not in line
    assert json.loads(line)["kind"] == "frame"


def test_a_record_is_shown_with_its_time_and_names() -> None:
    line = json.loads(record_as_json(Record(RecordKind.RESPONSE, TS, "binance", "depth", b"")))

    assert line == {
        "kind": "response",
        "ts": TS,
        "time": "2025-02-12T13:30:00.040Z",
        "channel": "binance",
        "key": "depth",
    }


def test_rows_are_shown_by_field_with_null_for_unknown() -> None:
    rows = empty_rows(2)
    rows["bid"] = np.array([95_700.1, np.nan])
    rows["sequence"] = 7

    line = json.loads(record_as_json(Record(RecordKind.ROWS, TS, "", "", rows.tobytes())))

    assert [row["bid"] for row in line["payload"]] == [95_700.1, None]
    assert line["payload"][0]["sequence"] == 7
