"""Who is there, as all see it."""

from signald.runtime.roster import Roster


def test_a_process_is_there_from_its_start_to_its_end() -> None:
    memory = bytearray(Roster.nbytes(2))
    writer, reader = Roster(["signal", "feed-1"], memory), Roster(["signal", "feed-1"], memory)

    writer.began("feed-1", 4_711)
    writer.beat("feed-1", 99)
    writer.ready("feed-1")
    seen = reader.pid("feed-1"), reader.last_beat("feed-1"), reader.is_ready("feed-1"), reader.restarts("feed-1")
    writer.ended("feed-1")
    writer.began("feed-1", 4_712)

    assert seen == (4_711, 99, True, 0)
    assert (reader.pid("feed-1"), reader.last_beat("feed-1"), reader.is_ready("feed-1")) == (4_712, 0, False)
    assert reader.restarts("feed-1") == 1
    assert reader.pid("signal") == 0
