"""Where the export is fetched, and how often: it is made anew once an hour, and who asks more often is refused."""

from typing import Annotated

import msgspec


class ForexFactoryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where, and every how many seconds."""

    url: str = "https://nfs.faireconomy.media"
    poll_s: Annotated[float, msgspec.Meta(gt=0)] = 3_600.0
