"""The engine: told events and the time, handed the board's rows, it returns signals and notices. It never asks.

Live, demo, replay and backtest run this class; they differ in clock, sources and sinks only.
"""

from signald.core.engine.barometer import Barometer
from signald.core.engine.engine import Engine
from signald.core.engine.shadow import Shadow
from signald.core.engine.stores import Store
from signald.core.engine.world import Output

__all__ = ["Barometer", "Engine", "Output", "Shadow", "Store"]
