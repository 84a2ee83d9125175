"""ForexFactory's export of the week: schedules and forecasts, no figures."""

from signald.sources.calendars.forexfactory.config import ForexFactoryConfig
from signald.sources.calendars.forexfactory.reading import PATH, read_week

__all__ = ["PATH", "ForexFactoryConfig", "read_week"]
