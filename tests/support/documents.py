"""Signal documents about one figure, with what a test says of them."""

from msgspec.structs import replace

from signald.model.signals import Signal
from tests.support.signals import sample_signal


def scored_release(release_id: str, *, instrument: str, revision: int = 1, mean_bps: float = -40.0) -> Signal:
    """The sample document as if about ``release_id`` alone, with one mean for every horizon."""
    sample = sample_signal(id=f"{release_id}/{instrument}/{revision}", instrument=instrument, revision=revision)
    return replace(
        sample,
        causes=(replace(sample.causes[0], release_id=release_id),),
        horizons=tuple(replace(horizon, mean_bps=mean_bps) for horizon in sample.horizons),
    )
