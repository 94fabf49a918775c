"""The capture rules: what customers tell about themselves, read from their own words without any model.

Phone numbers, e-mail addresses, WeChat ids, meeting times, numbers, choices, and company, name, product and account
in free text, in English and Chinese. It never stores anything, never asks a network, and never takes a value from
anybody but the customer.
"""

from __future__ import annotations

from server.leads.extract.asked import asked_in
from server.leads.extract.conversation import extract

__all__ = ["asked_in", "extract"]
