"""What a reader of the simulated Binance may ask on its websocket."""

import json

from signald.simulate.venues.binance_spot import error_body


def obey(message: str | bytes, streams: set[str]) -> str:
    """Change what a reader reads as it asks: `{"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":1}`.

    Args:
        message: The command.
        streams: Those that it reads; changed.

    Returns:
        `{"result":null,"id":1}`, or what is wrong with the command.
    """
    try:
        command = json.loads(message)
        method, wanted = command["method"], set(command.get("params", ()))
    except (ValueError, TypeError, KeyError, AttributeError):
        return error_body(3, "Invalid JSON: expected value at line 1 column 1")
    result: list[str] | None = None
    if method == "SUBSCRIBE":
        streams.update(wanted)
    elif method == "UNSUBSCRIBE":
        streams.difference_update(wanted)
    elif method == "LIST_SUBSCRIPTIONS":
        result = sorted(streams)
    else:
        return error_body(2, f"Invalid request: unknown variant `{method}`")
    return json.dumps({"result": result, "id": command.get("id")}, separators=(",", ":"))
