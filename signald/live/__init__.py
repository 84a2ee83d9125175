"""The daemon: transports, pipeline, journal and sinks joined."""
