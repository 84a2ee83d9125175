"""Offline work on history: estimating the model, judging it."""
