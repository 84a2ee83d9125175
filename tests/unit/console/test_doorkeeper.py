"""Who may look and who may command; who guesses is not listened to."""

import pytest

from signald.console.doorkeeper import WAIT_S, Doorkeeper, Scope
from signald.model.time import NS_PER_S

NOW = 5 * NS_PER_S


def door() -> Doorkeeper:
    return Doorkeeper(control="command", read="look")


def test_the_token_to_command_is_good_to_look_and_not_the_other_way() -> None:
    keeper = door()
    shown: list[tuple[Scope, str]] = [
        ("read", "look"),
        ("read", "command"),
        ("control", "command"),
        ("control", "look"),
    ]

    answers = [keeper.judge(scope, f"Bearer {token}", address="a", now=NOW) for scope, token in shown]

    assert answers == ["welcome", "welcome", "welcome", "wrong"]


@pytest.mark.parametrize(
    "shown", ["", "Bearer ", "Bearer", "bearer command", "command", "Basic !", "Basic Y29tbWFuZA==", "Bearer \udcff"]
)
def test_what_is_no_token_is_wrong(shown: str) -> None:
    assert door().judge("read", shown, address="a", now=NOW) == "wrong"
    assert Doorkeeper(control="command").judge("control", shown, address="a", now=NOW) == "wrong"


def test_who_guesses_waits_and_others_do_not() -> None:
    keeper = door()
    for _ in range(10):
        keeper.judge("control", "Bearer guess", address="a", now=NOW)

    def answer(address: str, now: int) -> str:
        return keeper.judge("control", "Bearer command", address=address, now=now)

    assert answer("a", NOW + 1) == "wait"
    assert answer("b", NOW + 1) == "welcome"
    assert answer("a", NOW + WAIT_S * NS_PER_S - 1) == "wait"
    assert answer("a", NOW + WAIT_S * NS_PER_S) == "welcome"
    assert keeper.refused == 12


def test_wrong_tokens_to_read_keep_nobody_from_a_command() -> None:
    keeper = door()
    for _ in range(99):
        keeper.judge("read", "Bearer old", address="proxy", now=NOW)

    assert keeper.judge("read", "Bearer look", address="proxy", now=NOW) == "wait"
    assert keeper.judge("control", "Bearer command", address="proxy", now=NOW) == "welcome"


def test_who_shows_nothing_has_not_guessed() -> None:
    keeper = door()
    for _ in range(99):
        keeper.judge("read", "", address="a", now=NOW)

    assert keeper.judge("read", "Bearer look", address="a", now=NOW) == "welcome"
    assert keeper.refused == 0


def test_addresses_without_end_fill_no_memory() -> None:
    keeper = door()
    for address in ["a"] * 10 + [str(number) for number in range(1_024)]:
        keeper.judge("control", "Bearer guess", address=address, now=NOW)

    assert keeper.judge("control", "Bearer command", address="a", now=NOW) == "welcome"  # it was forgotten
