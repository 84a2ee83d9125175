"""What is measured: who takes part in which case, and in whose place."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from signald.bench.path.load import frames_beside
from signald.bench.path.world import BESIDE, SYMBOLS, World

ONE_LOOP: Final = "one_loop"
"""Signald with one event loop for its books and its releases."""

_SIDES: Final = ("signald", "floor", "idiom")
_PAGES: Final = 20
_FLOOD_RATES: Final = {"steady": 5_000.0, "bursts": 20_000.0 / len(SYMBOLS)}
"""Frames a second and book, or as many as the machine takes beside the path if that is less."""


class Turn(NamedTuple):
    """One side of one case in a round.

    Attributes:
        case: What is measured.
        side: In whose place the party stands there.
        party: Who.
        qos: Of the releases.
        flood: What its books take meanwhile: nothing, ``steady`` or ``bursts``.
        pages: How many pages of its console are open meanwhile.
    """

    case: str
    side: str
    party: str
    qos: int
    flood: str = ""
    pages: int = 0


def people(world: World, *, wide: bool, with_console: bool, without_movers: bool = False) -> list[Turn]:
    """Start the programs; returns a round's turns."""
    world.add_signald("signald")
    world.add_program("floor")
    world.add_program("idiom")
    turns = [Turn(f"qos {qos}", side, side, qos) for qos in (1, 0) for side in _SIDES]
    if with_console:
        world.add_signald("signald-console", has_console=True)
        turns.append(Turn(f"console with {_PAGES} pages", "signald", "signald-console", 1, pages=_PAGES))
    if without_movers:
        world.add_signald("signald-figures", has_movers=False)
        turns.append(Turn("without movers", "signald", "signald-figures", 1))
    if wide:
        world.add_signald("signald-20", beside=BESIDE)
        world.add_program("floor", beside=BESIDE)
        world.add_signald("signald-8", symbols=SYMBOLS)
        world.add_signald("signald-8-alone", symbols=SYMBOLS, options=("--single-process",))
        turns += [
            Turn(f"{BESIDE} more consumers", "signald", "signald-20", 1),
            Turn(f"{BESIDE} more consumers", "floor", f"floor-{BESIDE}", 1),
            Turn(f"{len(SYMBOLS)} instruments", "signald", "signald-8", 1),
            *(
                Turn(f"{len(SYMBOLS)} books, {kind}", side, party, 1, kind)
                for kind in _FLOOD_RATES
                for side, party in (("signald", "signald-8"), (ONE_LOOP, "signald-8-alone"))
            ),
        ]
    return turns


def flood_rates(world: World, turns: Sequence[Turn], play: Callable[[str], object]) -> dict[str, float]:
    """Frames a second and book of each kind of flood, as this machine takes them; ``play`` lets a party work."""
    party = next((turn.party for turn in turns if turn.flood), None)
    if party is None:
        return {}
    most = frames_beside(world.flood, party, lambda: play(party))
    return {kind: wanted if most is None else min(wanted, most / len(SYMBOLS)) for kind, wanted in _FLOOD_RATES.items()}
