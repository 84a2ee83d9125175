"""Simulated venues: each speaks the documented dialect on a real websocket and real HTTP, with faults on command."""
