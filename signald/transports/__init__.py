"""Wires: they carry frames, messages and commands, and understand none."""
