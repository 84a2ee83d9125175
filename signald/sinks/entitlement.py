"""Who may read signals: consumers by name with an attested jurisdiction; whoever is not granted is refused.

The notice Yinfa [2026] No. 42 of eight Chinese authorities forbids serving entities in mainland China: ``CN`` is
refused whatever else is configured, until counsel's opinion is named. That lifts it, and no change of code does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

COUNSEL_NEEDED: Final = frozenset({"CN"})
"""Refused unless ``entitlement.counsel`` names the opinion that allows it."""

_ASSIGNED: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
JURISDICTIONS: Final = frozenset(_ASSIGNED.split())
"""ISO 3166-1 alpha-2, officially assigned."""


class ConsumerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One who asks to read: the stream is ``{signald}:consumer:NAME``.

    Attributes:
        name: Of the consumer, of its stream and of its Redis user.
        jurisdiction: ISO 3166 code of where it is established, as it has attested; ``""``: it has not, and is refused.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    jurisdiction: Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2})?$")]


class EntitlementConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides, and where passwords are kept.

    Attributes:
        refused: Jurisdictions to refuse besides ``CN``.
        counsel: Jurisdiction that would be refused → the opinion of counsel by which it is not.
        secrets: Directory with a file for each consumer, which holds the password of its Redis user.
    """

    refused: tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")], ...] = ()
    counsel: dict[str, Annotated[str, msgspec.Meta(min_length=8)]] = {}
    secrets: str = "var/consumers"


class Decision(NamedTuple):
    """What was decided of one consumer.

    Attributes:
        name: Who.
        jurisdiction: As attested, ``""`` if it was not.
        granted: Whether it may read.
        reason: Why, or why not.
    """

    name: str
    jurisdiction: str
    granted: bool
    reason: str

    @property
    def action(self) -> str:
        """What the audit stream calls it."""
        return "consumer_granted" if self.granted else "consumer_refused"

    def details(self, by: str) -> dict[str, str]:
        """Who, what and why, for the audit stream; ``by``: who applied it."""
        return {"consumer": self.name, "jurisdiction": self.jurisdiction, "reason": self.reason, "by": by}


def decide(consumers: Iterable[ConsumerConfig], rules: EntitlementConfig) -> list[Decision]:
    """One decision for each consumer, in their order."""
    refused = COUNSEL_NEEDED | frozenset(rules.refused)
    return [_decision(consumer, refused, rules.counsel) for consumer in consumers]


def entitled(consumers: Sequence[ConsumerConfig], rules: EntitlementConfig) -> list[ConsumerConfig]:
    """Those who may read, in their order."""
    granted = {decision.name for decision in decide(consumers, rules) if decision.granted}
    return [consumer for consumer in consumers if consumer.name in granted]


def _decision(consumer: ConsumerConfig, refused: frozenset[str], counsel: Mapping[str, str]) -> Decision:
    name, where = consumer.name, consumer.jurisdiction
    if not where:
        return Decision(name, "", granted=False, reason="no jurisdiction is attested")
    if where not in JURISDICTIONS:
        return Decision(name, where, granted=False, reason=f"{where} is no jurisdiction of ISO 3166")
    if where not in refused:
        return Decision(name, where, granted=True, reason="jurisdiction attested")
    if where in counsel:
        return Decision(name, where, granted=True, reason=f"by counsel: {counsel[where]}")
    why = "Yinfa [2026] No. 42; needs counsel" if where in COUNSEL_NEEDED else "refused by configuration"
    return Decision(name, where, granted=False, reason=f"{where}: {why}")
