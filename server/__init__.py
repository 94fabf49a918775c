"""Rapport's server: one customer turn, and the rooms it passes through.

Rooms import only rooms below them; `docs/house.md` has the order and `tests/test_house.py` holds it.
"""

__version__ = "0.1.0"
