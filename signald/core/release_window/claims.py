"""What several sources say of one release's figure, and which of it counts.

The outcome depends on what each source said in its own order, never on how the sources' messages were interleaved: so
replicas that hear the same agree. The first source to deliver is scored at once because it is alone then; when others
contradict it, the majority counts, and of equal numbers the side of the most trusted source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from signald.model.macro import Release, ReleaseKind
from signald.model.signals import Flag

_MAX_SAID: Final = 16  # values remembered of one source; a release is corrected once, if at all

_AGREED: Final = 2
"""How many sources must agree on what is surprising."""


def by_trust(source: str, order: Sequence[str]) -> tuple[int, str]:
    """Rank of a source: the configured ones in their order, then the others by name, whoever spoke first."""
    return (order.index(source) if source in order else len(order), source)


class Claim(NamedTuple):
    """One source's word.

    Attributes:
        release: The message.
        edition: 0: the first figure; n: this source's n-th correction.
        sound: Whether it may be scored by itself; otherwise it is surprising, and two sources must agree on it.
        flags: Every reason to trust it less.
    """

    release: Release
    edition: int
    sound: bool
    flags: tuple[Flag, ...]


class Settlement(NamedTuple):
    """Which figure counts.

    Attributes:
        claim: The word of the most trusted source that says so.
        edition: The newest edition in which anybody says so.
        supporters: How many sources say so.
    """

    claim: Claim
    edition: int
    supporters: int


@dataclass(slots=True)
class Claims:
    """Each source's newest sound word and its newest surprising one, what it ever said, and what it took back."""

    _sound: dict[str, Claim] = field(default_factory=dict[str, Claim])
    _surprising: dict[str, Claim] = field(default_factory=dict[str, Claim])
    _said: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    _withdrawn: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])

    def take(self, release: Release, *, sound: bool, flags: tuple[Flag, ...]) -> None:
        """Take a figure. A source that gives a second *first* figure contradicts itself: that counts as surprising."""
        source, actual = release.source, release.actual
        assert actual is not None  # only a retraction comes without
        known = self._sound.get(source)
        edition = 0
        if release.kind is ReleaseKind.CORRECTION:
            edition = known.edition + 1 if known is not None else 1
        elif known is not None and actual != known.release.actual:
            sound, edition = False, known.edition
        elif known is not None:
            edition = known.edition
        claim = Claim(release, edition, sound, flags)
        if sound:
            self._sound[source] = claim
            self._surprising.pop(source, None)
            self._withdrawn.pop(source, None)
        else:
            self._surprising[source] = claim
        said = self._said.get(source, ())
        if actual not in said:
            self._said[source] = (*said, actual)[-_MAX_SAID:]

    def retract(self, release: Release) -> bool:
        """A source takes back all it said; one that said nothing, what everybody says. False if there is nothing."""
        source = release.source
        withdrawn = self._said.pop(source, ())
        if release.actual is not None:
            withdrawn = (*withdrawn, release.actual)
        if not withdrawn:
            withdrawn = tuple(dict.fromkeys(actual for actual, _ in self._votes()))
        self._sound.pop(source, None)
        self._surprising.pop(source, None)
        if withdrawn:
            self._withdrawn[source] = withdrawn
        return bool(withdrawn)

    def settle(self, order: Sequence[str], *, quorum: int) -> Settlement | None:
        """Which figure counts: of those that may, the newest edition, then the most sources, then the most trusted.

        Args:
            order: The configured sources in order of trust.
            quorum: How many sources must agree on any figure.
        """
        if self._is_alone() and quorum <= 1:
            (claim,) = self._sound.values()
            return Settlement(claim, claim.edition, 1)
        sides: dict[float, list[Claim]] = {}
        for actual, claim in self._votes():
            sides.setdefault(actual, []).append(claim)
        settlements: list[Settlement] = []
        for claims in sides.values():
            speakers = {claim.release.source for claim in claims}
            needed = quorum if any(claim.sound for claim in claims) else max(quorum, _AGREED)
            if len(speakers) >= needed:
                foremost = min(claims, key=lambda claim: by_trust(claim.release.source, order))
                settlements.append(Settlement(foremost, max(claim.edition for claim in claims), len(speakers)))
        return min(
            settlements,
            key=lambda one: (-one.edition, -one.supporters, by_trust(one.claim.release.source, order)),
            default=None,
        )

    def is_said(self, actual: float | None) -> bool:
        """Whether any source says ``actual`` now, and nobody else took it back."""
        return any(actual == said for said, _ in self._votes())

    def supporters(self, actual: float | None) -> set[str]:
        """Which sources say ``actual`` now, and nobody else took it back."""
        return {claim.release.source for said, claim in self._votes() if said == actual}

    def dissent(self, settled: Settlement) -> dict[str, float]:
        """Which sources say another figure in an edition no older than that which counts, by name."""
        if self._is_alone():
            return {}
        counted = settled.claim.release.actual
        return {
            claim.release.source: actual
            for actual, claim in sorted(self._votes(), key=lambda vote: vote[1].release.source)
            if actual != counted and claim.edition >= settled.edition
        }

    def _is_alone(self) -> bool:
        """Whether one source has spoken, soundly, and nobody took anything back: the way that must be short."""
        return len(self._sound) == 1 and not self._surprising and not self._withdrawn

    def _votes(self) -> Iterator[tuple[float, Claim]]:
        """Each word that nobody else took back, with its figure."""
        for claims in (self._sound, self._surprising):
            for source, claim in claims.items():
                actual = claim.release.actual
                assert actual is not None
                if not any(actual in values for other, values in self._withdrawn.items() if other != source):
                    yield actual, claim
