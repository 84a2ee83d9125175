"""Until when nobody says that something did not come, because it may wait for us where we could not hear it."""

from signald.core.release_window import WindowRules
from signald.model.time import Nanos


class Patience:
    """Knows whether we could have heard everything: not while we were down or stopped, nor while we were cut off."""

    def __init__(self, rules: WindowRules) -> None:
        """Begin with nothing missed; who never hears of a connection was never cut off."""
        self._rules = rules
        self._unsure_since: Nanos | None = None
        self._joined: Nanos | None = None

    def joined(self, now: Nanos) -> Nanos:
        """The sources can be heard from now on; until when what they said meanwhile may take to come."""
        if self._joined is not None:  # killed while it could hear: nobody said that the contact ended
            self.parted(now)
        if self._unsure_since is None:
            self._unsure_since = now
        self._joined = now
        return self._at_most(now)

    def parted(self, now: Nanos) -> None:
        """The sources cannot be heard any more; a contact too short to hear all they had to say was none."""
        heard_all = self._joined is not None and now - self._joined >= self._rules.wake_grace_ns
        if heard_all or self._unsure_since is None:
            self._unsure_since = now
        self._joined = None

    def until(self, now: Nanos, due: Nanos | None) -> Nanos | None:
        """Until when no absence is to be said, if that is later than ``now``; ``due`` is the next deadline."""
        if due is None:
            return None
        if now - due > self._rules.asleep_after_ns:
            return now + self._rules.wake_grace_ns
        is_cut_off = self._unsure_since is not None and self._joined is None
        return self._at_most(now) if is_cut_off else None

    def _at_most(self, now: Nanos) -> Nanos:
        """The grace from ``now`` on, but not for ever: a desk that hears nothing must be told so some time."""
        assert self._unsure_since is not None
        return min(now + self._rules.wake_grace_ns, self._unsure_since + self._rules.patience_ns)
