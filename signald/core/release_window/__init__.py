"""What is known of each release: its life, what its sources say, and whether a figure may be scored."""

from signald.core.release_window.agenda import Agenda, Due, Moment
from signald.core.release_window.claims import Claim, Claims, Settlement
from signald.core.release_window.judgement import Judgement, is_plausible, is_unit_slip, judge
from signald.core.release_window.register import Bundle, Register
from signald.core.release_window.rules import WindowRules
from signald.core.release_window.series import Series
from signald.core.release_window.window import Expectation, Figure, ReleaseWindow, State

__all__ = [
    "Agenda",
    "Bundle",
    "Claim",
    "Claims",
    "Due",
    "Expectation",
    "Figure",
    "Judgement",
    "Moment",
    "Register",
    "ReleaseWindow",
    "Series",
    "Settlement",
    "State",
    "WindowRules",
    "is_plausible",
    "is_unit_slip",
    "judge",
]
