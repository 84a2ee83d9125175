"""How wide, how far and how large to quote: the desk's formulas, each with its source.

Provisional in one respect: no outcome has judged them yet. All are in basis points of mid and US dollars; what is not
known is ``None``, and ``None`` comes out.
"""

import math
from typing import Final

UNWOUND_WITHIN_BPS: Final = 5.0
"""The depth that counts for a size lies within this of mid: there a fill can be undone."""


def widen_bps(std_bps: float, *, quote_life_s: float, horizon_s: float) -> float:
    """Widen each quote by the standard deviation of the move over the quote's life.

    The predicted move is taken as diffusive over its horizon: σ√(τ/h). This is the risk term of Avellaneda & Stoikov
    (2008, "High-frequency trading in a limit order book", Quantitative Finance 8), whose reservation price moves with
    σ²(T − t), with a quote's life in the place of time to close and one unit of risk aversion per basis point.
    """
    return std_bps * math.sqrt(quote_life_s / horizon_s)


def jump_bps(std_bps: float) -> float:
    """Widen a quote that rests over the figure itself by the whole predicted standard deviation.

    A resting quote is a free option on the jump (Copeland & Galai 1983, "Information effects on the bid-ask spread",
    Journal of Finance 38), and the fastest exercises it (Budish, Cramton & Shim 2015, "The high-frequency trading arms
    race", Quarterly Journal of Economics 130): its time to expiry is no quote's life but none at all.
    """
    return std_bps


def remaining_bps(std_bps: float, *, elapsed_s: float, horizon_s: float) -> float:
    """Standard deviation of what is left of a diffusive move ``elapsed_s`` after it began: σ√(1 − t/h), at least 0."""
    return std_bps * math.sqrt(max(0.0, 1.0 - elapsed_s / horizon_s))


def skew_bps(mean_bps: float, confidence: float) -> float:
    """Move both quotes by the predicted mean as far as its sign is sure: 0 at confidence ½, the whole mean at 1.

    2c − 1 is the fraction that Kelly (1956, "A new interpretation of information rate", Bell System Technical Journal
    35) stakes on an even bet won with probability c.
    """
    return mean_bps * (2.0 * confidence - 1.0)


def size_usd(depth_usd: float | None, widening_bps: float | None) -> float | None:
    """Quote no larger than can be undone: the smaller side within 5 basis points, less where the risk is larger.

    What may be lost on a fill over a quote's life, size times widening, is to be no more than crossing that depth
    costs at its far end, depth times 5 basis points: a bound on inventory by its risk, as Guéant, Lehalle &
    Fernandez-Tapia (2013, "Dealing with the inventory risk", Mathematics and Financial Economics 7) have it.
    """
    if depth_usd is None or widening_bps is None:
        return depth_usd
    return depth_usd * min(1.0, UNWOUND_WITHIN_BPS / widening_bps) if widening_bps > 0.0 else depth_usd


def recovered(now: float | None, before: float | None, *, share: float, falling: bool) -> bool:
    """Whether a measure of liquidity is back at ``share`` of its level ``before``; what is not known is not back.

    Args:
        now: Spread or depth now.
        before: The same before the figure.
        share: 0…1.
        falling: It recovers by falling, as a spread does; else by rising, as depth does.
    """
    if now is None or before is None:
        return False
    return now * share <= before if falling else now >= before * share
