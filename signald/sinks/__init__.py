"""Where outputs go: the encoding of a signal, the Redis stream, the metrics."""
