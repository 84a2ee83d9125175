"""The part of the configuration that decides what is said: kept in journals, and taken from them."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from signald.config.file import Config
from signald.core.movers.settings import MoversConfig
from signald.errors import ConfigError
from signald.sinks.entitlement import entitled

_RULES: Final = ("releases", "guard", "policy", "control", "scoring", "movers")


def rules_in_force(config: Config) -> dict[str, Any]:
    """The sections that decide what is said and when, as a journal keeps them for replay; and to whom, for history."""
    granted = entitled(config.consumers, config.entitlement)
    return {
        **{name: msgspec.to_builtins(getattr(config, name)) for name in _RULES},
        "consumers": msgspec.to_builtins(granted),
    }


def with_rules(config: Config, rules: Mapping[str, Any]) -> Config:
    """``config`` with the rules of a recorded run; what is not known any more, or not yet, is as ``config`` has it.

    Raises:
        ConfigError: A value of a rule that is known cannot be one.
    """
    changed: dict[str, Any] = {}
    for name in _RULES:
        section: msgspec.Struct = getattr(config, name)
        known = {key: value for key, value in rules.get(name, {}).items() if key in section.__struct_fields__}
        try:
            changed[name] = msgspec.convert({**msgspec.to_builtins(section), **known}, type(section))
        except msgspec.ValidationError as error:
            raise ConfigError(name, str(error)) from error
    if rules and "movers" not in rules:  # of a run in which nobody looked at them
        changed["movers"] = MoversConfig(enabled=False)
    return msgspec.structs.replace(config, **changed)
