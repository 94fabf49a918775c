"""Keys made anew: of stored secrets, and of signed identity."""

from __future__ import annotations

from dataclasses import replace

import typer

from server.cli import logs
from server.errors import Invalid
from server.settings import read


def rotate_secrets() -> None:
    """Encrypt stored secrets anew with RAPPORT_SECRET_KEY; RAPPORT_SECRET_KEY_OLD reads the former ones."""
    settings = read()
    logs.configure(settings, quiet=True)
    from server.auth import load_keys
    from server.auth.vault import Vault
    from server.storage import Transaction, open_database
    from server.storage.secrets import everyone, put

    keys = load_keys(settings)
    vault, lost = Vault(keys.secret_key, keys.older_secret_keys), list[str]()

    def work(tx: Transaction) -> int:
        rows = [(row, vault.decrypt(row.ciphertext)) for row in everyone(tx)]
        for row, text in rows:
            if text is None:
                lost.append(row.name)
            else:
                put(tx, replace(row, ciphertext=vault.encrypt(text)))
        return len(rows) - len(lost)

    database = open_database(settings.database)
    try:
        typer.echo(f"Encrypted anew: {database.write_now(work)}.")
    finally:
        database.close()
    if lost:
        raise Invalid(f"No key opens {', '.join(lost)}: name the former key in RAPPORT_SECRET_KEY_OLD, or set it anew.")


def rotate_identity() -> None:
    """Sign X-Rapport-Identity with a new key; the former one stays listed for a day."""
    settings = read()
    logs.configure(settings, quiet=True)
    from server.auth import load_keys
    from server.auth.identity import Identity
    from server.clock import SYSTEM

    load_keys(settings)
    typer.echo(Identity(settings.data_dir, "", SYSTEM).rotate())
