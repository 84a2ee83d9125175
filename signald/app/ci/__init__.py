"""Replay and backtest as a gate: what a pull request's build runs."""
