from signald.simulate.outcome import Percentiles, percentiles


def test_percentiles_are_latencies_that_were_measured() -> None:
    assert percentiles([float(n) for n in range(100, 0, -1)]) == Percentiles(p50=51.0, p99=100.0, max=100.0)


def test_one_latency_is_every_percentile() -> None:
    assert percentiles([7.04]) == Percentiles(p50=7.0, p99=7.0, max=7.04)
