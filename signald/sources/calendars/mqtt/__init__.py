"""The contract's own calendar topics on MQTT, ``signald/v1/calendar/…`` and ``heartbeat/…``."""
