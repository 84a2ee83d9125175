from signald.live.book_columns import controls_state
from signald.model.control import Control


def test_command_that_holds_says_who_and_why() -> None:
    control = Control(command="mute", target="us.*", by="desk", sequence=1, reason="why", ts_event=5, ts_ingest=6)

    state = controls_state(control)

    assert state == {"command": "mute", "target": "us.*", "by": "desk", "reason": "why", "ts_event": 5}
