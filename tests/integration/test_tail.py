"""``signald tail`` shows what is on the stream, of one kind or all."""

import json
import subprocess
import sys
from pathlib import Path

from signald.simulate.servers import embedded_valkey
from tests.support.desk_stream import guard_signal, stream_on
from tests.support.servers import installed


def test_tail_shows_signals_and_counts_them(tmp_path: Path) -> None:
    with installed(embedded_valkey) as server, stream_on(server.port) as stream:
        stream.publish(2)
        stream.say(guard_signal("hold", life_s=60))
        (tmp_path / "signald.toml").write_text(f'[redis]\nurl = "redis://127.0.0.1:{server.port}/0"\n')
        arguments = [sys.executable, "-m", "signald", "tail", "--config", "signald.toml", "--all", "--json"]

        shown = [
            subprocess.run([*arguments, *words], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
            for words in (["--count", "3"], ["--count", "1", "--kind", "guard"])
        ]

    assert [json.loads(one.stdout) for one in shown] == [{"signals": 3}, {"signals": 1}]
    assert shown[0].stderr.count("us.cpi.yoy:2025-01 3 against 2.9") == 2
    assert "hold" in shown[1].stderr
    assert "release " not in shown[1].stderr
