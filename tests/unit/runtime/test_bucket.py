"""So many at once, and then so many a second."""

from signald.model.time import NS_PER_S
from signald.runtime.bucket import TokenBucket

T = 5 * NS_PER_S


def taken(bucket: TokenBucket, tries: int, now: int) -> int:
    return sum(bucket.take(now) for _ in range(tries))


def test_so_many_at_once_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(per_s=10, at_once=25)

    assert taken(bucket, 100, T) == 25
    assert taken(bucket, 100, T + NS_PER_S) == 10
    assert taken(bucket, 100, T + NS_PER_S // 10 - 1 + NS_PER_S) == 0


def test_it_never_holds_more_than_at_first() -> None:
    bucket = TokenBucket(per_s=10, at_once=25)

    assert taken(bucket, 3, T) == 3
    assert taken(bucket, 100, T + 3_600 * NS_PER_S) == 25


def test_it_is_full_when_all_has_come_back() -> None:
    bucket = TokenBucket(per_s=10, at_once=25)
    fresh = bucket.is_full(T)
    taken(bucket, 25, T)

    assert fresh
    assert not bucket.is_full(T + 5 * NS_PER_S // 2 - 1)
    assert bucket.is_full(T + 5 * NS_PER_S // 2)
