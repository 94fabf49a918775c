"""Tokens estimated without any vendor's tokenizer."""

from __future__ import annotations

import math
import re

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
TOKENS_PER_HAN = 0.7
CHARACTERS_PER_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """About how many tokens a model counts: 0.7 a Han character, one for four others, rounded up."""
    han = len(_HAN.findall(text))
    return math.ceil(han * TOKENS_PER_HAN + (len(text) - han) / CHARACTERS_PER_TOKEN)
