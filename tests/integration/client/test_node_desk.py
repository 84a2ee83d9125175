"""The desk in Node keeps the promises that the one in Python keeps."""

import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signald.simulate.child import Server
from signald.sinks.encoding import encode_data
from tests.support.desk_stream import CONSUMER, INSTRUMENT, STREAM, Stream, guard_signal, stream_on
from tests.support.signals import T0, sample_signal
from tests.support.waiting import eventually

DESK = Path(__file__).parents[3] / "examples" / "desk.mjs"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("CI") != "true", reason="node is not installed"
)


@pytest.fixture
def stream(redis_server: Server) -> Iterator[Stream]:
    with stream_on(redis_server.port) as stream:
        yield stream


def told(program: str, *given: object) -> Any:  # noqa: ANN401 - JSON
    """What a module that imports the desk says, as JSON; ``given`` is its array of that name."""
    head = f"import {{ Guard, decode }} from {json.dumps(DESK.as_uri())};\nconst given = {json.dumps(given)};\n"
    command = ["node", "--input-type=module", "-e", head + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Running:
    """The example, and what it has done."""

    def __init__(self, process: subprocess.Popen[str], path: Path) -> None:
        self.process = process
        self._path = path

    @property
    def handled(self) -> list[str]:
        """Ids, in order."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        return [json.loads(line)["id"] for line in text.splitlines(keepends=True) if line.endswith("\n")]


@contextmanager
def running(server: Server, folder: Path) -> Generator[Running]:
    """The example on the consumer's stream."""
    command = ["node", str(DESK), f"127.0.0.1:{server.port}", CONSUMER, str(folder / "done")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield Running(process, folder / "done")
        finally:
            process.kill()


def test_guidance_ends_in_widen_when_nobody_says_anything_more() -> None:
    signal = guard_signal("normal", life_s=60, ts_event=T0)
    halt = sample_signal(kind="halt", instrument=None, desk=None, by="ops", reason="test")

    states = told(
        """
        const [signal, halt, name, published] = given;
        const guard = new Guard();
        const before = guard.state(name, 0);
        guard.take(decode(signal), BigInt(published), 1_000, 1_000);
        const held = [1_000, 60_999.9, 61_000].map((now) => guard.state(name, now));
        guard.take(decode(signal), BigInt(published), 3_600_000, 2_000);  // as if the server's clock had been set
        held.push(guard.state(name, 61_999), guard.state(name, 62_000));
        guard.take(decode(halt), BigInt(published), 2_000, 2_000);
        held.push(guard.state(name, 2_001));
        console.log(JSON.stringify([before, ...held]));
        """,
        encode_data(signal).decode(),
        encode_data(halt).decode(),
        INSTRUMENT,
        str(T0),
    )

    assert states == ["widen", "normal", "normal", "widen", "normal", "widen", "widen"]


def test_what_cannot_be_read_is_skipped_and_what_is_lost_is_said(
    redis_server: Server, stream: Stream, tmp_path: Path
) -> None:
    said = stream.publish(2)
    stream.put(b"[]")
    stream.put(b"\xff{", sequence="seven")
    stream.put(encode_data(sample_signal(id="c" * 32)), id="c" * 32, sequence=10**15)
    said.append("c" * 32)

    with running(redis_server, tmp_path) as desk:
        eventually(lambda: desk.handled == said)
        eventually(lambda: stream.pending("node") == 0)
        assert desk.process.poll() is None
        desk.process.kill()
        assert desk.process.stderr is not None
        lost = desk.process.stderr.read()

    assert lost == f"signals lost: 4 to {10**15 - 1}\n"


def test_it_goes_on_where_a_server_comes_back_empty_or_a_group_is_gone(
    redis_server: Server, stream: Stream, tmp_path: Path
) -> None:
    said = stream.publish(1)

    with running(redis_server, tmp_path) as desk:
        eventually(lambda: desk.handled == said)
        stream.redis.flushall()
        said += stream.publish(2)
        eventually(lambda: desk.handled == said)
        stream.redis.xgroup_destroy(STREAM, "node")
        said += stream.publish(2)
        eventually(lambda: desk.handled == said)


def test_another_schema_ends_it(redis_server: Server, stream: Stream, tmp_path: Path) -> None:
    stream.publish(1, schema="signald.signal/2")

    with running(redis_server, tmp_path) as desk:
        code = desk.process.wait(20.0)

    assert code != 0
    assert desk.handled == []
