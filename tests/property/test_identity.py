"""Any order of siblings and any duplication give one id; different inputs give different ones."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from signald.model.identity import cause_key, signal_id

_parts = st.tuples(st.text(), st.none() | st.text(), st.frozensets(st.text(), max_size=4))


@given(st.text(), st.none() | st.text(), st.lists(st.text(), max_size=5), st.randoms(use_true_random=False))
def test_order_and_repetition_of_causes_do_not_count(
    kind: str, instrument: str | None, keys: list[str], random: Random
) -> None:
    shuffled = keys + keys[:2]
    random.shuffle(shuffled)

    assert signal_id(kind, instrument, shuffled) == signal_id(kind, instrument, keys)


@given(_parts, _parts)
def test_ids_are_equal_only_if_their_parts_are(
    one: tuple[str, str | None, frozenset[str]], other: tuple[str, str | None, frozenset[str]]
) -> None:
    same = signal_id(one[0], one[1], sorted(one[2])) == signal_id(other[0], other[1], sorted(other[2]))

    assert same == (one == other)


_key_parts = st.lists(st.none() | st.text() | st.integers(-(2**63), 2**63 - 1), max_size=4)


@given(_key_parts, _key_parts)
def test_cause_keys_are_equal_only_if_their_parts_are(
    one: list[str | int | None], other: list[str | int | None]
) -> None:
    assert (cause_key(*one) == cause_key(*other)) == (one == other)
