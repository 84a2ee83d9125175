from signald.console.latency import latency_view

TEXT = """# HELP signald_stage_seconds How long each stage of the path took.
signald_stage_seconds_bucket{le="0.001",stage="total"} 0.0
signald_stage_seconds_bucket{le="0.002",stage="total"} 90.0
signald_stage_seconds_bucket{le="0.004",stage="total"} 99.0
signald_stage_seconds_bucket{le="+Inf",stage="total"} 100.0
signald_stage_seconds_bucket{le="0.001",stage="score"} 0.0
signald_stage_seconds_bucket{le="+Inf",stage="score"} 0.0
"""


def test_buckets_hold_what_fell_into_them_and_no_lower_one() -> None:
    view = latency_view(TEXT)["total"]

    assert view["buckets"] == [(2_000.0, 90.0), (4_000.0, 9.0), (4_000.0, 1.0)]
    assert view["n"] == 100


def test_percentiles_are_upper_bounds_of_their_buckets() -> None:
    view = latency_view(TEXT)["total"]

    assert (view["p50"], view["p99"], view["p999"]) == (2_000.0, 4_000.0, 4_000.0)


def test_stage_without_a_measurement_has_no_percentiles() -> None:
    assert latency_view(TEXT)["score"] == {"n": 0.0, "buckets": []}
