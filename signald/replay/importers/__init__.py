"""Recordings of others, made into journals: one module per format."""
