"""Words: frozen values with no behaviour beyond their invariants."""
