"""What is told a daemon by hand: a broker that is not there is said as such, and a halt holds all the same."""

import io
from pathlib import Path

import msgspec
import pytest

from signald.app.control import send_control
from signald.app.publishing import publish_by_hand
from signald.config import Config
from signald.errors import MalformedFrameError, UnreachableError
from signald.simulate.child import LOOPBACK, free_port

FIGURE = b'{"release_id":"us.cpi.yoy:2025-01","actual":3.0}\n'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config()
    return msgspec.structs.replace(
        config,
        mqtt=msgspec.structs.replace(config.mqtt, host=LOOPBACK, port=free_port()),
        live=msgspec.structs.replace(config.live, startup_timeout_s=0.2),
        control=msgspec.structs.replace(config.control, halt_file=str(tmp_path / "halt")),
    )


def test_a_figure_without_a_broker_is_an_error_that_names_it(config: Config) -> None:
    with pytest.raises(UnreachableError, match=f"mqtt broker at {LOOPBACK}:{config.mqtt.port}"):
        publish_by_hand(config, io.BytesIO(FIGURE), name="figures")


def test_a_halt_without_a_broker_is_written_to_its_file(config: Config) -> None:
    said = send_control(config, "halt", reason="all of it looks wrong")

    assert said == f"the broker was not reached; {config.control.halt_file} was written"
    assert "all of it looks wrong" in Path(config.control.halt_file).read_text(encoding="utf-8")


def test_nothing_else_is_said_to_have_been_sent_without_a_broker(config: Config) -> None:
    with pytest.raises(UnreachableError):
        send_control(config, "resume", reason="all is well")

    assert not Path(config.control.halt_file).exists()


def test_a_line_without_an_end_is_read_no_further_than_any_message_is_long(config: Config) -> None:
    file = io.BytesIO(FIGURE + b"\0" * (8 << 20))

    with pytest.raises(MalformedFrameError, match="zeros, line 2: is longer than 1048576 bytes"):
        publish_by_hand(config, file, name="zeros")

    assert file.tell() < 2 << 20
