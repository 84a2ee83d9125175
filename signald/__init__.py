"""signald: scores macroeconomic releases within milliseconds and publishes the signals."""

from importlib.metadata import version

__version__ = version("signald")
