"""ccxt is known in this package only: it takes seconds to import, and is never loaded on the path.

Nothing is imported here, so that naming the package loads nothing.
"""
