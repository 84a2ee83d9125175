"""The file as a whole: a section for each part."""

from dataclasses import replace

import msgspec

from signald.config.sections import (
    BoardConfig,
    BooksConfig,
    BridgesConfig,
    CalendarConfig,
    ConsoleConfig,
    ControlConfig,
    GuardConfig,
    InstrumentsConfig,
    JournalConfig,
    LiveConfig,
    MetricsConfig,
    ModelConfig,
    PolicyConfig,
    ReleasesConfig,
    ScoringConfig,
)
from signald.core.guard.rules import GuardRules
from signald.core.movers.settings import MoversConfig
from signald.sinks.entitlement import ConsumerConfig, EntitlementConfig
from signald.sources.registry import VenueConfig
from signald.transports.settings import (
    ClockConfig,
    LimitsConfig,
    MqttConfig,
    RedisConfig,
    SignaturesConfig,
)


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it stands, its venues not yet read."""

    mqtt: MqttConfig = MqttConfig()
    signatures: SignaturesConfig = SignaturesConfig()
    limits: LimitsConfig = LimitsConfig()
    clock: ClockConfig = ClockConfig()
    redis: RedisConfig = RedisConfig()
    live: LiveConfig = LiveConfig()
    releases: ReleasesConfig = ReleasesConfig()
    guard: GuardConfig = GuardConfig()
    policy: PolicyConfig = PolicyConfig()
    movers: MoversConfig = MoversConfig()
    control: ControlConfig = ControlConfig()
    books: BooksConfig = BooksConfig()
    board: BoardConfig = BoardConfig()
    journal: JournalConfig = JournalConfig()
    metrics: MetricsConfig = MetricsConfig()
    console: ConsoleConfig = ConsoleConfig()
    model: ModelConfig = ModelConfig()
    scoring: ScoringConfig = ScoringConfig()
    calendar: CalendarConfig = CalendarConfig()
    bridges: BridgesConfig = BridgesConfig()
    instruments: InstrumentsConfig = InstrumentsConfig()
    entitlement: EntitlementConfig = EntitlementConfig()
    consumers: tuple[ConsumerConfig, ...] = ()


class Config(File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a run is told."""

    venues: tuple[VenueConfig, ...] = ()

    def guard_rules(self) -> GuardRules:
        """What quotes are guarded for: releases, and what no calendar announces."""
        return replace(self.guard.rules(), news=self.policy.rules())
