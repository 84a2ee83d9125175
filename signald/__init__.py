"""signald: scores macroeconomic releases within milliseconds and publishes the signals."""
