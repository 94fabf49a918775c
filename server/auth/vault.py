"""Encrypts what is stored: Fernet under keys derived from RAPPORT_SECRET_KEY, older ones still read."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_CONTEXT = b"rapport secrets v1"


class Vault:
    """Encrypts with the first key, reads with any."""

    def __init__(self, secret_key: str, older: Sequence[str] = ()) -> None:
        self._fernets = MultiFernet([Fernet(_derived(key)) for key in (secret_key, *older)])

    def encrypt(self, text: str) -> str:
        """The text as it may be stored."""
        return self._fernets.encrypt(text.encode()).decode()

    def decrypt(self, stored: str) -> str | None:
        """The text, None when none of the keys made it."""
        try:
            return self._fernets.decrypt(stored.encode()).decode()
        except InvalidToken:
            return None


def _derived(secret_key: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=_CONTEXT).derive(secret_key.encode())
    return base64.urlsafe_b64encode(derived)
