"""Websockets to venues: ``websockets`` and ``picows`` are known in this package only."""

from signald.transports.websocket.connection import WebsocketConnection
from signald.transports.websocket.terms import DEFAULT_LIMITS, TOO_LONG, FrameOwner, Opener, WebsocketLimits

__all__ = ["DEFAULT_LIMITS", "TOO_LONG", "FrameOwner", "Opener", "WebsocketConnection", "WebsocketLimits"]
