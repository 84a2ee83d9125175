"""The moments of a release's life, as configured."""

from dataclasses import dataclass

from signald.model.time import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRules:
    """Moments of a release's life as offsets from its scheduled time T0, in nanoseconds.

    Attributes:
        watch_before_ns: From T0 less this a silent source that covers the release is a loud alarm.
        arm_before_ns: Armed from T0 less this. Figures come at whole quarters of an hour: arming, which takes
            milliseconds, had better not.
        early_tolerance_ns: A figure sooner than T0 less this is early.
        late_after_ns: A figure from T0 plus this on is late; if none has come by then, the release is missed.
        valid_ns: A figure from T0 plus this on is recorded but not scored: the move is over.
        close_after_ns: The window closes at T0 plus this.
        bundle_wait_ns: How long the first figure of a bundle waits for its siblings: then the bundle is final as it is.
        confirm_within_ns: How long after the figure that counts the other sources may take to say the same.
        clock_tolerance_ns: Our clock may be known to be off by so much before it is a reason for doubt.
        asleep_after_ns: A deadline seen later than this was not watched: we were down or stopped, or the clock was set.
        wake_grace_ns: How long after that, or after a new connection, what was kept for us may take to come.
        patience_ns: How long after we were cut off from the sources it is said all the same that a figure did not come.
    """

    watch_before_ns: int = 600 * NS_PER_S
    arm_before_ns: int = 870 * NS_PER_S
    early_tolerance_ns: int = 2 * NS_PER_S
    late_after_ns: int = 60 * NS_PER_S
    valid_ns: int = 300 * NS_PER_S
    close_after_ns: int = 3_600 * NS_PER_S
    bundle_wait_ns: int = 10 * NS_PER_S
    confirm_within_ns: int = 30 * NS_PER_S
    clock_tolerance_ns: int = NS_PER_S // 20
    asleep_after_ns: int = 1 * NS_PER_S
    wake_grace_ns: int = 5 * NS_PER_S
    patience_ns: int = 300 * NS_PER_S
