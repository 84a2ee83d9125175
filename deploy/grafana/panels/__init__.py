"""What the dashboards show: one module each."""

from panels.books import BOOKS
from panels.latency import LATENCY
from panels.model import MODEL
from panels.operations import OPERATIONS
from panels.release_day import RELEASE_DAY

BOARDS = (RELEASE_DAY, BOOKS, LATENCY, MODEL, OPERATIONS)
