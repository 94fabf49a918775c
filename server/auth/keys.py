"""The server's own keys: the secret key and the admin token, made and kept in the data folder when unset."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from server.auth.tokens import mint
from server.errors import WrongSetting
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Keys:
    """`secret_key` encrypts what is stored; `admin_token` is an API key of role admin.

    `older_secret_keys` read what was encrypted before the key changed.
    """

    secret_key: str
    admin_token: str
    older_secret_keys: tuple[str, ...] = ()


def load_keys(settings: Settings) -> Keys:
    """The keys in force. Raises WrongSetting when the data folder cannot be written."""
    folder = settings.data_dir
    if settings.admin_token and len(settings.admin_token) < 16:
        raise WrongSetting("RAPPORT_ADMIN_TOKEN is shorter than 16 characters; use a longer one or leave it unset.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # leads lie in it
        return Keys(
            settings.secret_key or _kept(folder / "secret-key", secrets.token_urlsafe(48)),
            settings.admin_token or _kept(folder / "admin-token", mint("key")),
            _older(settings),
        )
    except OSError as error:
        raise WrongSetting(
            f"RAPPORT_DATA_DIR: the folder {folder} cannot be written ({error.strerror or error})."
        ) from None


def _older(settings: Settings) -> tuple[str, ...]:
    """The keys of RAPPORT_SECRET_KEY_OLD, and the one of the data folder when the setting has taken its place."""
    told = [key.strip() for key in settings.secret_key_old.split(",")]
    file = settings.data_dir / "secret-key"
    if settings.secret_key and file.is_file():
        told.append(file.read_text(encoding="utf-8").strip())
    return tuple(key for key in dict.fromkeys(told) if key)


def _kept(file: Path, fresh: str) -> str:
    """The text of the file, which is made for its owner alone when it is not there."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = file.read_text(encoding="utf-8").strip()
        if kept:
            return kept
        handle = os.open(file, os.O_WRONLY | os.O_TRUNC)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(fresh + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return fresh
