"""Which of a consumer's processes a desk is."""

from typing import Literal

import msgspec


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One process among those that handle a consumer's signals.

    Attributes:
        name: Its name in the group; no two that run at once may have the same.
        group: Workers of one group share the signals among them; each group is handed all of them.
        shared: Whether the group has other workers: a number that was not delivered here is then theirs.
        begin: Where a new group begins.
        claim_after_s: A worker that was not heard of for so long is dead, and another takes over what it held.
    """

    name: str = "1"
    group: str = "desk"
    shared: bool = False
    begin: Literal["oldest", "newest"] = "oldest"
    claim_after_s: float = 10.0
