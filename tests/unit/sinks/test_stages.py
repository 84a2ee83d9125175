"""Durations land in the bucket whose bounds hold them; percentiles of the last latencies are exact."""

import bisect
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.sinks.stages import BOUNDS_NS, STAGES, LatencyRing, Stages, summarize_stages


@given(st.integers(-5, 1 << 33))
def test_a_duration_is_counted_in_the_bucket_that_holds_it(duration_ns: int) -> None:
    stages = Stages()

    stages.observe("score", duration_ns)

    counts, sum_ns = stages.read()["score"]
    assert counts.index(1) == bisect.bisect_left(BOUNDS_NS, max(duration_ns, 1))
    assert sum(counts) == 1
    assert sum_ns == max(duration_ns, 1)


def test_buckets_resolve_ten_microseconds_to_a_second_within_a_quarter() -> None:
    resolved = [bound for bound in BOUNDS_NS if 10_000 <= bound <= 1_000_000_000]

    assert all(later / earlier <= 1.25 for earlier, later in itertools.pairwise(resolved))
    assert tuple(sorted(set(BOUNDS_NS))) == BOUNDS_NS


def test_stages_are_counted_apart() -> None:
    stages = Stages()
    for index, stage in enumerate(STAGES):
        stages.observe(stage, index + 1)

    sums = {stage: counted.sum_ns for stage, counted in stages.read().items()}

    assert sums == {stage: index + 1 for index, stage in enumerate(STAGES)}


def test_a_stage_that_is_none_is_a_bug() -> None:
    with pytest.raises(KeyError, match="lunch"):
        Stages().observe("lunch", 1)


def test_counts_in_a_shared_buffer_are_seen_by_whoever_shares_it() -> None:
    buffer = bytearray(Stages.SIZE)
    writer, reader = Stages(buffer), Stages(buffer)

    writer.observe("publish", 100_000)

    assert reader.read()["publish"].sum_ns == 100_000


def test_percentiles_are_those_of_the_sorted_list() -> None:
    ring = LatencyRing(1_000)
    for microseconds in range(1, 1_001):
        ring.record(microseconds * 1_000)

    assert ring.summarize() == (1_000, 500.0, 990.0, 999.0, 1_000.0)


def test_only_the_last_latencies_count() -> None:
    ring = LatencyRing(3)
    for latency in (9_000_000, 1_000, 2_000, 3_000):
        ring.record(latency)

    assert sorted(ring.read()) == [1_000, 2_000, 3_000]
    assert ring.summarize().max_us == 3.0


def test_no_latency_is_no_number() -> None:
    summary = LatencyRing().summarize()

    assert summary.n == 0
    assert math.isnan(summary.p99_us)


def test_a_ring_in_a_shared_buffer_is_read_by_whoever_shares_it() -> None:
    buffer = bytearray(LatencyRing.size(4))

    LatencyRing(4, buffer).record(5_000)

    assert LatencyRing(4, buffer).read() == [5_000]


def test_stages_of_several_processes_are_summed_up_together() -> None:
    feed, signal = Stages(), Stages()
    for _ in range(99):
        feed.observe("frame", 1_000)
    signal.observe("frame", 3_000_000)

    summary = summarize_stages([feed, signal])

    assert summary["frame"].n == 100
    assert summary["frame"].p50_us == summary["frame"].p99_us == 1.024
    assert summary["score"] == (0, 0.0, 0.0)
