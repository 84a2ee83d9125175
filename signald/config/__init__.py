"""The whole configuration, composed of each part's own section."""

from signald.config.environment import ENV_PREFIX
from signald.config.file import Config
from signald.config.reading import find_file, load_config
from signald.config.rules import rules_in_force, with_rules
from signald.config.sections import (
    BooksConfig,
    BridgesConfig,
    CalendarConfig,
    ConsoleConfig,
    InstrumentsConfig,
    LiveConfig,
    ReleasesConfig,
)
from signald.sinks.entitlement import ConsumerConfig

__all__ = [
    "ENV_PREFIX",
    "BooksConfig",
    "BridgesConfig",
    "CalendarConfig",
    "Config",
    "ConsoleConfig",
    "ConsumerConfig",
    "InstrumentsConfig",
    "LiveConfig",
    "ReleasesConfig",
    "find_file",
    "load_config",
    "rules_in_force",
    "with_rules",
]
