import json
from typing import Any, Literal

import pytest

from signald.model.time import NS_PER_S, parse_rfc3339
from signald.simulate.calendar import CalendarPublisher, PlannedRelease, load_quarter
from tests.support.clocks import HandClock

T0 = parse_rfc3339("2025-02-12T13:30:00Z")


class Outbox:
    """A connection that keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], int, bool]] = []

    async def publish(self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, retain: bool = False) -> None:
        self.sent.append((topic, json.loads(payload), qos, retain))


def cpi(**changes: Any) -> PlannedRelease:  # noqa: ANN401 - any field of the struct
    fields = {"indicator": "us.cpi.yoy", "period": "2025-01", "ts_scheduled": T0, "actual": 3.0}
    return PlannedRelease(**(fields | {"consensus": 2.9, "prior": 2.9} | changes))


def publisher(outbox: Outbox, clock: HandClock) -> CalendarPublisher:
    return CalendarPublisher(outbox, clock)


def test_the_quarter_has_16_figures_at_12_times() -> None:
    quarter = load_quarter()

    assert len(quarter.releases) == 16
    assert len(quarter.bundles()) == 12
    assert sorted(len(bundle) for bundle in quarter.bundles()) == [1] * 8 + [2] * 4


def test_new_york_mornings_move_with_the_clocks_of_march_9() -> None:
    times = {release.release_id: release.ts_scheduled for release in load_quarter().releases}

    assert times["us.nfp:2025-02"] == parse_rfc3339("2025-03-07T13:30:00Z")
    assert times["us.cpi.yoy:2025-02"] == parse_rfc3339("2025-03-12T12:30:00Z")


def test_a_figure_without_consensus_is_no_surprise_and_moves_nothing() -> None:
    quarter = load_quarter()

    [bundle] = [bundle for bundle in quarter.bundles() if bundle[0].release_id == "us.core_pce.yoy:2025-01"]

    assert bundle[0].consensus is None
    assert bundle[0].surprise is None
    assert quarter.response_bps(bundle) == 0.0


def test_the_surprises_of_one_time_add_up() -> None:
    quarter = load_quarter()
    weights = quarter.response_bps_per_unit

    response = quarter.response_bps(quarter.bundles()[0])

    expected = weights["us.nfp"] * (256 - 160) + weights["us.unemployment_rate"] * (4.1 - 4.2)
    assert response == pytest.approx(expected)


async def test_a_schedule_is_retained_and_carries_what_is_expected() -> None:
    outbox, clock = Outbox(), HandClock(T0 - 86_400 * NS_PER_S)

    await publisher(outbox, clock).announce(cpi(), with_consensus=True)

    assert outbox.sent == [
        (
            "signald/v1/calendar/schedule/us.cpi.yoy:2025-01/demo",
            {
                "release_id": "us.cpi.yoy:2025-01",
                "indicator": "us.cpi.yoy",
                "period": "2025-01",
                "ts_scheduled": "2025-02-12T13:30:00Z",
                "consensus": 2.9,
                "prior": 2.9,
                "source": "demo",
                "sequence": T0 - 86_400 * NS_PER_S,
                "ts_event": "2025-02-11T13:30:00Z",
            },
            1,
            True,
        )
    ]


async def test_long_before_nothing_is_expected_yet() -> None:
    outbox = Outbox()

    await publisher(outbox, HandClock(T0)).announce(cpi(), with_consensus=False)

    [(_, schedule, _, _)] = outbox.sent
    assert schedule["consensus"] is None
    assert schedule["prior"] is None


async def test_a_figure_happened_at_its_scheduled_time() -> None:
    outbox, clock = Outbox(), HandClock(T0 + 2_000_000)

    await publisher(outbox, clock).release(cpi())

    assert outbox.sent == [
        (
            "signald/v1/calendar/release/us.cpi.yoy:2025-01/demo",
            {
                "release_id": "us.cpi.yoy:2025-01",
                "actual": 3.0,
                "kind": "first",
                "source": "demo",
                "sequence": T0 + 2_000_000,
                "ts_event": "2025-02-12T13:30:00Z",
            },
            1,
            False,
        )
    ]


async def test_the_sequence_rises_while_the_clock_stands_still() -> None:
    outbox = Outbox()
    source = publisher(outbox, HandClock(T0))

    for _ in range(3):
        await source.beat()

    assert [fields["sequence"] for _, fields, _, _ in outbox.sent] == [T0, T0 + 1, T0 + 2]


async def test_a_heartbeat_says_whom_it_covers() -> None:
    outbox = Outbox()

    await publisher(outbox, HandClock(T0)).beat()

    [(topic, heartbeat, qos, retained)] = outbox.sent
    assert (topic, qos, retained) == ("signald/v1/heartbeat/demo", 0, False)
    assert heartbeat["covers"] == ["us.*"]


async def test_what_has_a_meaning_in_a_topic_is_encoded() -> None:
    outbox = Outbox()

    await publisher(outbox, HandClock(T0)).release(cpi(period="2025/01+#%"))

    assert outbox.sent[0][0] == "signald/v1/calendar/release/us.cpi.yoy:2025%2F01%2B%23%25/demo"
