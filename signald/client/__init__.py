"""What a desk imports: typed signals from its own stream, each once, and a guard that falls back to ``widen``.

Light on purpose: neither the engine nor its kernels come with it.
"""

from signald.client.desk import Desk
from signald.client.entries import Received, SchemaError
from signald.client.guard import Guidance
from signald.client.sequences import Gap
from signald.client.worker import Worker

__all__ = ["Desk", "Gap", "Guidance", "Received", "SchemaError", "Worker"]
