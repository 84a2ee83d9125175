"""What was known when: every schedule, consensus, figure and revision, behind a narrow door."""

from signald.vintages.fold import Vintage
from signald.vintages.recorder import VintageRecorder
from signald.vintages.store import Entry, Faults, VintageStore, known_figures

__all__ = ["Entry", "Faults", "Vintage", "VintageRecorder", "VintageStore", "known_figures"]
