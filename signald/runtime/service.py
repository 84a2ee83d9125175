"""Tells whoever runs us as a service how we are: systemd, or another that names a socket in ``NOTIFY_SOCKET``.

The protocol is sd_notify(3)'s: one datagram of lines ``NAME=TEXT`` each time. A manager that does not read is not
waited for: a few datagrams fill its queue, and whoever tells it has releases to handle.
"""

import contextlib
import socket
from collections.abc import Mapping
from typing import Final

from signald.model.time import NS_PER_S, NS_PER_US, Nanos

_LIVES_EVERY_NS: Final = NS_PER_S


class ServiceManager:
    """Speaks to the one there is; where there is none, to nobody."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take its address from the environment."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._said: Nanos = 0
        self._is_ready = False

    def lives(self, now: Nanos, *, ready: bool) -> None:
        """We look after our work, at ``now`` of the monotonic clock; that it is ``ready`` is said until it is heard."""
        if ready and not self._is_ready:
            self._is_ready = self._say("READY=1", "STATUS=ready")
        if now - self._said >= _LIVES_EVERY_NS:
            self._said = now
            self._say("WATCHDOG=1")

    def reloads(self, now: Nanos) -> None:
        """Our configuration is being exchanged; we are ready when :meth:`lives` says so again."""
        self._is_ready = False
        self._say("RELOADING=1", f"MONOTONIC_USEC={now // NS_PER_US}", "STATUS=taking another configuration")

    def ends(self) -> None:
        """Our work has ended."""
        self._say("STOPPING=1", "STATUS=ending")

    def _say(self, *lines: str) -> bool:
        """Whether there was room for it, or nobody to tell."""
        if not self._address:
            return True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto("\n".join(lines).encode(), self._address)
            return True
        return False
