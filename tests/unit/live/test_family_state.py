"""What the processes of a daemon share, as whoever serves their numbers sees it."""

from signald.live.family_state import METRICS, SIGNAL, FamilyState
from signald.sinks.exposition import Exposition


def test_a_process_that_ended_is_said_to_be_down_whichever_it_is() -> None:
    family = FamilyState([], {"feed-1": []}, slippage_usd=[])
    for name in family.roster.names:
        family.roster.began(name, 1)
        family.roster.ready(name)
    told = Exposition(family.told())

    family.roster.ended(SIGNAL)
    family.disown(SIGNAL)

    samples = {(key.name, key.labels): value for key, value in told.samples().items()}
    up = {name: samples["signald_process_up", (("process", name),)] for name in family.roster.names}
    assert up == {SIGNAL: 0.0, "feed-1": 1.0, METRICS: 1.0}
