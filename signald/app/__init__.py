"""Builds the objects: where a configuration becomes a pipeline, a daemon, a replay."""
