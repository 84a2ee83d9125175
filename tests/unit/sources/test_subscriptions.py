from collections.abc import Sequence

from signald.model.time import NS_PER_S
from signald.sources.subscriptions import Subscriptions

T0 = 1_739_367_000 * NS_PER_S


def building(*, batch: int = 2, per_minute: int = 4, alone: bool = False) -> Subscriptions:
    def write(name: str, symbols: Sequence[str]) -> bytes:
        return f"{name} {' '.join(symbols)}".encode()

    return Subscriptions(
        subscribe=lambda symbols: write("+", symbols),
        unsubscribe=lambda symbols: write("-", symbols),
        batch=batch,
        per_minute=per_minute,
        alone=alone,
    )


def test_what_is_wanted_at_once_goes_out_in_batches() -> None:
    subscriptions = building()
    for symbol in "ABC":
        subscriptions.want(symbol, T0)

    assert subscriptions.take(T0) == (b"+ A B", b"+ C")
    assert subscriptions.take(T0) == ()
    assert subscriptions.next_deadline() is None


def test_what_was_asked_for_is_given_up_before_it_is_asked_for_again() -> None:
    subscriptions = building()
    subscriptions.want("A", T0)
    subscriptions.take(T0)

    subscriptions.want("A", T0 + 5)
    early = subscriptions.take(T0)

    assert early == ()
    assert subscriptions.next_deadline() == T0 + 5
    assert subscriptions.take(T0 + 5) == (b"- A", b"+ A")


def test_a_symbol_that_is_refused_takes_none_along_a_second_time() -> None:
    subscriptions = building(alone=True)
    for symbol in "AB":
        subscriptions.want(symbol, T0)
    subscriptions.take(T0)

    for symbol in "ABC":
        subscriptions.want(symbol, T0 + 5)

    assert subscriptions.take(T0 + 5) == (b"- A", b"+ A", b"- B", b"+ B", b"+ C")


def test_to_want_again_never_postpones() -> None:
    subscriptions = building()
    subscriptions.want("A", T0 + 5)

    subscriptions.want("A", T0 + 50)

    assert subscriptions.take(T0 + 5) == (b"+ A",)


def test_askings_have_a_budget() -> None:
    subscriptions = building(per_minute=4)
    sent: list[int] = []

    for second in range(60):
        subscriptions.want("A", T0)
        if subscriptions.take(T0 + second * NS_PER_S):
            sent.append(second)

    assert sent == [0, 1, 15, 30, 45]


def test_a_new_connection_has_asked_for_nothing() -> None:
    subscriptions = building()
    subscriptions.want("A", T0)
    subscriptions.take(T0)
    subscriptions.want("B", T0)

    subscriptions.begin()
    subscriptions.want("A", T0 + 1)

    assert subscriptions.take(T0 + 1) == (b"+ A",)
