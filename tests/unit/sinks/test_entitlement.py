"""Who may read: only whoever has attested where it is, and nobody from where it is forbidden."""

import pytest

from signald.sinks.entitlement import ConsumerConfig, EntitlementConfig, decide, entitled


def consumer(jurisdiction: str, name: str = "desk") -> ConsumerConfig:
    return ConsumerConfig(name=name, jurisdiction=jurisdiction)


def granted(jurisdiction: str, rules: EntitlementConfig = EntitlementConfig()) -> bool:  # noqa: B008 - frozen
    [decision] = decide([consumer(jurisdiction)], rules)
    return decision.granted


@pytest.mark.parametrize("jurisdiction", ["SG", "CH", "US", "HK", "TW", "GB"])
def test_whoever_has_attested_where_it_is_may_read(jurisdiction: str) -> None:
    assert granted(jurisdiction)


@pytest.mark.parametrize("jurisdiction", ["", "CN", "XX", "ZZ", "UK", "EU"])
def test_everybody_else_is_refused(jurisdiction: str) -> None:
    assert not granted(jurisdiction)


def test_more_can_be_refused_and_that_does_not_let_in_who_is_refused_anyway() -> None:
    rules = EntitlementConfig(refused=("IR",))

    assert [granted(where, rules) for where in ("IR", "CN", "SG")] == [False, False, True]


def test_counsel_lifts_a_refusal_and_is_named_on_record() -> None:
    rules = EntitlementConfig(refused=("IR",), counsel={"CN": "opinion of A & B LLP, 2026-10-01"})

    [decision] = decide([consumer("CN")], rules)

    assert decision.granted
    assert decision.reason == "by counsel: opinion of A & B LLP, 2026-10-01"
    assert not granted("IR", rules)


def test_a_refusal_says_who_what_and_why() -> None:
    [decision] = decide([consumer("CN", "shanghai-1")], EntitlementConfig())

    assert decision.action == "consumer_refused"
    assert decision.details("signald") == {
        "consumer": "shanghai-1",
        "jurisdiction": "CN",
        "reason": "CN: Yinfa [2026] No. 42; needs counsel",
        "by": "signald",
    }


def test_the_entitled_keep_their_order() -> None:
    asked = [consumer("SG", "b"), consumer("CN", "c"), consumer("", "d"), consumer("CH", "a")]

    assert [one.name for one in entitled(asked, EntitlementConfig())] == ["b", "a"]
