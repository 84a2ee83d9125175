"""Composite rows, ``BTC-USD.COMPOSITE``: what an asset costs in dollars over all venues on the board."""

from signald.core.composite.composites import (
    COMPOSITE,
    Composites,
    CompositeView,
    LadderRung,
    MemberView,
    Pegs,
    asset_of_composite,
    composite_instrument,
    is_composite,
)
from signald.core.composite.pegs import PegReader

__all__ = [
    "COMPOSITE",
    "CompositeView",
    "Composites",
    "LadderRung",
    "MemberView",
    "PegReader",
    "Pegs",
    "asset_of_composite",
    "composite_instrument",
    "is_composite",
]
