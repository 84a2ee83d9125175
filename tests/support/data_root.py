"""Where the shared data lies unless ``SIGNALD_DATA`` says otherwise; no other module names the place."""

from pathlib import Path

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "data"
