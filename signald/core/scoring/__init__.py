"""Surprises and board rows → moves, probabilities, verdict, desk guidance."""

from signald.core.scoring.ladder import figure_text, plausible_figures
from signald.core.scoring.plan import Plan
from signald.core.scoring.prediction import Prediction
from signald.core.scoring.scorer import Scorer
from signald.core.scoring.view import book_flags, book_view

__all__ = ["Plan", "Prediction", "Scorer", "book_flags", "book_view", "figure_text", "plausible_figures"]
