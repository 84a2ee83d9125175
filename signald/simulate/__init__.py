"""Counterparties that speak the real wire: embedded servers, simulated venues, a calendar, and the demo they make."""
