"""Offline work on history: estimating the model, judging it; in notebooks ``load``, ``events``, ``responses``."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signald.research.frames import events, load, responses

__all__ = ["events", "load", "responses"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever it is
    """Load them when they are asked for: who wants a page of a report needs no Polars."""
    if name not in __all__:
        raise AttributeError(name)
    from signald.research import frames  # noqa: PLC0415 - see above

    return getattr(frames, name)
