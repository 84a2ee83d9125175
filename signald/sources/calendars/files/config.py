"""Which calendar file is carried onto MQTT."""

from typing import Annotated

import msgspec


class CsvFeedConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file, in any of the forms that are known, looked at every ``poll_s`` seconds."""

    path: str = "var/calendar.csv"
    poll_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0
