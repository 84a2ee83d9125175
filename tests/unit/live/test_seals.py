"""Whose word counts: signatures, keys, windows and rules; and what becomes of what was refused."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from signald.errors import ConfigError
from signald.live.seals import Seals
from signald.model.notices import Rejected, Unsigned
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, format_rfc3339
from signald.pipeline import CALENDAR, RETAINED, Seal, is_refused, seal_of, sealed, topic_of
from signald.transports.settings import SignaturesConfig, TrustedKey
from tests.support.calendar import CPI_JANUARY, DAY, T0, control_payload, release_payload, schedule_payload
from tests.support.pipelines import build_pipeline
from tests.support.policy import policy_payload
from tests.support.signing import KeyPair, make_pair

PREFIX = "signald/v1"
RELEASE = f"calendar/release/{CPI_JANUARY}/bls"
SCHEDULE = f"calendar/schedule/{CPI_JANUARY}/bls"
NOW = T0 + NS_PER_S
STRICT: dict[str, Any] = {"unsigned": "refuse"}


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    return make_pair(tmp_path)


def seals(*keys: TrustedKey, **rules: Any) -> Seals:  # noqa: ANN401 - keys of the configuration
    return Seals(SignaturesConfig(keys=keys, **{**STRICT, **rules}), prefix=PREFIX)


def signed(pair: KeyPair, topic: str, payload: bytes) -> tuple[tuple[str, str], ...]:
    return pair.signer.properties(f"{PREFIX}/{topic}", payload)


def test_a_signed_message_of_its_source_is_taken(pair: KeyPair) -> None:
    for topic, payload in ((RELEASE, release_payload()), (SCHEDULE, schedule_payload())):
        verdict = seals(pair.trusted).judge(topic, payload, signed(pair, topic, payload), NOW)

        assert verdict == Seal("signed", "k1")


def test_a_signature_is_of_one_topic_and_of_these_very_bytes(pair: KeyPair) -> None:
    payload, other = release_payload(), release_payload(actual=9.9)
    proof = signed(pair, RELEASE, payload)
    judge = seals(pair.trusted).judge

    assert judge(RELEASE, other, proof, NOW) == Seal("forged", "k1")
    assert judge(SCHEDULE, payload, proof, NOW) == Seal("forged", "k1")
    assert judge(RELEASE.replace("01", "02"), payload, proof, NOW) == Seal("forged", "k1")
    elsewhere = pair.signer.properties(f"other/v1/{RELEASE}", payload)
    assert judge(RELEASE, payload, elsewhere, NOW) == Seal("forged", "k1")


@pytest.mark.parametrize(
    "properties",
    [
        (),
        (("key_id", "k1"),),
        (("signature", "AAAA"),),
        (("key_id", "k1"), ("key_id", "k1"), ("signature", "AAAA")),
        (("key_id", "k1"), ("signature", "AAAA"), ("signature", "AAAA")),
    ],
)
def test_what_does_not_show_one_key_and_one_signature_is_unsigned(
    pair: KeyPair, properties: tuple[tuple[str, str], ...]
) -> None:
    verdict = seals(pair.trusted).judge(RELEASE, release_payload(), properties, NOW)

    assert verdict is not None
    assert verdict.verdict == "missing"


@pytest.mark.parametrize("signature", ["", "AAAA", "\N{SNOWMAN}", "A" * 88, "=" * 9, "a" * 100_000])
def test_a_signature_that_is_none_is_forged(pair: KeyPair, signature: str) -> None:
    properties = (("key_id", "k1"), ("signature", signature))

    assert seals(pair.trusted).judge(RELEASE, release_payload(), properties, NOW) == Seal("forged", "k1")


def test_each_source_has_a_rule_of_its_own() -> None:
    rules = {"bls": "refuse", "wire": "flag", "free": "accept"}
    judge = seals(unsigned="flag", sources=rules).judge

    found = [
        judge(f"calendar/release/{CPI_JANUARY}/{source}", release_payload(source=source), (), NOW)
        for source in ("bls", "wire", "free", "stranger")
    ]

    assert found == [Seal("missing", ""), Seal("unsigned", ""), None, Seal("unsigned", "")]


def test_a_key_that_nobody_knows_is_as_good_as_none(pair: KeyPair) -> None:
    proof = signed(pair, RELEASE, release_payload())

    found = [
        seals(unsigned=rule).judge(RELEASE, release_payload(), proof, NOW) for rule in ("accept", "flag", "refuse")
    ]

    assert found == [None, Seal("unsigned", "k1"), Seal("unknown_key", "k1")]


def test_a_key_signs_for_its_source_and_its_families_only(pair: KeyPair, tmp_path: Path) -> None:
    topic, payload = f"calendar/release/{CPI_JANUARY}/wire", release_payload(source="wire")
    command = control_payload(command="resume", by="bls", reason="mine", ts_event=format_rfc3339(NOW))
    ops = make_pair(tmp_path, "ops", source="ops", families=("control",))
    halt = control_payload(command="halt", by="ops", ts_event=format_rfc3339(NOW))
    judge = seals(pair.trusted, ops.trusted, unsigned="accept").judge

    assert judge(topic, payload, signed(pair, topic, payload), NOW) == Seal("wrong_key", "k1")
    assert judge("control/resume", command, signed(pair, "control/resume", command), NOW) == Seal("wrong_key", "k1")
    assert judge("control/halt", halt, signed(ops, "control/halt", halt), NOW) == Seal("signed", "ops")


def test_policy_events_and_commands_are_of_whom_they_say(pair: KeyPair) -> None:
    judge = seals(pair.trusted, sources={"bls": "refuse"}, unsigned="accept").judge
    event = policy_payload(source="bls", ts_event=format_rfc3339(NOW))

    assert judge("policy/tariff", event, (), NOW) == Seal("missing", "")
    assert judge("policy/tariff", event, signed(pair, "policy/tariff", event), NOW) == Seal("signed", "k1")
    assert judge("policy/tariff", policy_payload(source="free"), (), NOW) is None
    assert judge("control/halt", control_payload(by="bls"), (), NOW) == Seal("missing", "")


def test_a_field_that_nobody_reads_hides_nobody_who_must_sign() -> None:
    judge = seals(unsigned="accept", sources={"ops": "refuse", "wire": "refuse"}).judge

    assert judge("control/halt", control_payload(source=5), (), NOW) == Seal("missing", "")
    assert judge("control/halt", control_payload(source=None), (), NOW) == Seal("missing", "")
    assert judge("policy/tariff", policy_payload(by=5), (), NOW) == Seal("missing", "")


def test_a_topic_that_is_written_in_escapes_is_what_it_is_read_as() -> None:
    judge = seals().judge

    assert judge("%63ontrol/halt", control_payload(), (), NOW) == Seal("missing", "")
    assert judge("calendar/rel%65ase/" + RELEASE.split("/", 2)[2], release_payload(), (), NOW) == Seal("missing", "")


@pytest.mark.parametrize(
    ("topic", "payload", "apart", "verdict"),
    [
        (RELEASE, release_payload(), DAY, "signed"),
        (RELEASE, release_payload(), DAY + 9 * NS_PER_S, "outdated"),
        (RELEASE, release_payload(), -DAY - 9 * NS_PER_S, "outdated"),
        (SCHEDULE, schedule_payload(ts_event=format_rfc3339(T0)), 99 * DAY, "signed"),
        (SCHEDULE, schedule_payload(ts_event=format_rfc3339(T0)), -DAY - 9 * NS_PER_S, "outdated"),
        ("control/halt", control_payload(by="bls", ts_event=format_rfc3339(T0)), 299 * NS_PER_S, "signed"),
        ("control/halt", control_payload(by="bls", ts_event=format_rfc3339(T0)), 301 * NS_PER_S, "outdated"),
        ("control/halt", control_payload(by="bls", ts_event="soon"), 0, "outdated"),
    ],
)
def test_what_is_signed_is_of_our_time(tmp_path: Path, topic: str, payload: bytes, apart: int, verdict: str) -> None:
    own = make_pair(tmp_path, families=("schedule", "release", "control"))
    ts_event = msgspec.json.decode(payload)["ts_event"]
    assert ts_event == "soon" or ts_event.startswith("2025-02-12T13:30:0")

    found = seals(own.trusted).judge(topic, payload, signed(own, topic, payload), T0 + apart)

    assert found == Seal(verdict, "k1")


def test_keys_overlap_while_they_are_rotated(tmp_path: Path) -> None:
    old = make_pair(tmp_path, "old", not_after=format_rfc3339(T0 + DAY))
    new = make_pair(tmp_path, "new", not_before=format_rfc3339(T0))
    judge = seals(old.trusted, new.trusted, window_s=9e9).judge

    def verdicts(now: int) -> list[str]:
        found = [judge(RELEASE, release_payload(), signed(one, RELEASE, release_payload()), now) for one in (old, new)]
        return [one.verdict for one in found if one is not None]

    assert [verdicts(now) for now in (T0 - 1, T0, T0 + DAY - 1, T0 + DAY)] == [
        ["signed", "expired_key"],
        ["signed", "signed"],
        ["signed", "signed"],
        ["expired_key", "signed"],
    ]


def test_what_is_not_signed_by_contract_is_not_looked_at() -> None:
    assert seals().judge("heartbeat/bls", b"{}", (), NOW) is None
    assert seals().judge("x", b"", (), NOW) is None


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[" * 60_000, b"\xff", b'{"by":1}', b"null", b'{"by":"ops"}' + b" " * 65_536]
)
def test_nonsense_is_of_nobody_and_refused_where_nobody_may_be_unsigned(payload: bytes) -> None:
    assert seals().judge("control/halt", payload, (), NOW) == Seal("missing", "")


def test_who_asks_nothing_of_anybody_looks_at_nothing(pair: KeyPair) -> None:
    assert seals(unsigned="accept", sources={"x": "accept"}).is_idle
    assert not seals(unsigned="accept", sources={"x": "flag"}).is_idle
    assert not seals(pair.trusted, unsigned="accept").is_idle


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"public_key": "AAAA"}, r"signatures\.keys\[0\]\.public_key"),
        ({"public_key": "no"}, "32 bytes"),
        ({"not_after": "soon"}, "soon"),
    ],
)
def test_a_key_that_is_none_is_named(pair: KeyPair, change: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        seals(msgspec.structs.replace(pair.trusted, **change))


def test_two_keys_of_one_id_are_refused(pair: KeyPair) -> None:
    with pytest.raises(ConfigError, match="another key"):
        seals(pair.trusted, pair.trusted)


# -- on record -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_id", ["k1", "", "a:b/c%d", "\N{SNOWMAN}"])
def test_a_verdict_is_read_from_the_key_of_its_record(key_id: str) -> None:
    key = sealed(Seal("signed", key_id), RELEASE)

    assert (seal_of(key), topic_of(key)) == (Seal("signed", key_id), RELEASE)
    assert (seal_of(RETAINED + key), topic_of(RETAINED + key)) == (Seal("signed", key_id), RELEASE)
    assert (seal_of(RELEASE), topic_of(RETAINED + RELEASE)) == (None, RELEASE)


def feed(*messages: tuple[str, str | None, bytes]) -> tuple[list[object], Any]:
    pipeline = build_pipeline()
    outputs: list[object] = []
    pipeline.feed(Record(RecordKind.ROWS, NOW - 9, "", "", pipeline.board.read().tobytes()))
    for number, (topic, verdict, payload) in enumerate(messages):
        key = topic if verdict is None else sealed(Seal(verdict, "k1"), topic)
        outputs += pipeline.feed(Record(RecordKind.MESSAGE, NOW + number, CALENDAR, key, payload)).outputs
    return outputs, pipeline.engine


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        *(("missing", "unsigned"), ("unknown_key", "unsigned"), ("wrong_key", "forged"), ("expired_key", "forged")),
        *(("forged", "forged"), ("outdated", "forged")),
    ],
)
def test_what_is_refused_is_said_counted_and_nothing_else(verdict: str, reason: str) -> None:
    outputs, engine = feed((SCHEDULE, None, schedule_payload()), (RELEASE, verdict, release_payload()))

    [refused] = [one for one in outputs if isinstance(one, Rejected)]
    assert (refused.channel, refused.reason, refused.field) == (RELEASE, reason, "signature")
    assert engine.windows[CPI_JANUARY].current is None
    assert is_refused(sealed(Seal(verdict, "k1"), RELEASE))


def test_an_unsigned_figure_of_a_source_that_is_watched_is_scored_and_flagged() -> None:
    outputs, _ = feed((SCHEDULE, "signed", schedule_payload()), (RELEASE, "unsigned", release_payload()))

    flags = {flag for one in outputs for flag in getattr(one, "flags", ())}
    assert "unsigned" in flags
    assert [one.channel for one in outputs if isinstance(one, Unsigned)] == [RELEASE]


def test_an_older_sequence_is_refused_however_well_it_is_signed() -> None:
    outputs, engine = feed(
        (SCHEDULE, "signed", schedule_payload()),
        (RELEASE, "signed", release_payload(actual=3.0, sequence=9)),
        (RELEASE, "signed", release_payload(actual=2.5, sequence=8, kind="correction")),
    )

    assert [one.reason for one in outputs if isinstance(one, Rejected)] == ["repeated"]
    assert engine.windows[CPI_JANUARY].current.release.actual == 3.0
