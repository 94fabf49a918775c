"""Leads out, keys and tokens, migrations."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Literal

import jwt
import typer

from server.cli import logs
from server.errors import Invalid, WrongSetting
from server.settings import read

RoleName = Literal["viewer", "editor", "developer", "admin"]


def export(
    format: Annotated[Literal["csv", "jsonl"], typer.Option(help="csv or jsonl")] = "csv",
    persona: Annotated[str | None, typer.Option(help="One persona's leads.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Leads of test chats instead.")] = False,
) -> None:
    """Write all leads to standard output."""
    settings = read()
    logs.configure(settings, quiet=True)
    from server.leads.edit import as_csv, as_jsonl
    from server.service import open_service
    from server.storage.leads import LeadFilter, everything

    service = open_service(settings)
    try:
        narrow = LeadFilter(persona=persona, test=test)
        rows = service.database.read_now(lambda tx: list(everything(tx, narrow)))
        lines = as_csv(rows, service.field_names(persona)) if format == "csv" else as_jsonl(rows)
        for line in lines:
            sys.stdout.write(line)
    finally:
        service.database.close()


def token(
    user: Annotated[str, typer.Option(help="Whose: a name for the key, or the customer's id.")],
    role: Annotated[RoleName, typer.Option(help="What the key may do.")] = "editor",
    customer: Annotated[bool, typer.Option("--customer", help="A signed customer token instead.")] = False,
    name: Annotated[str | None, typer.Option(help="The customer's name.")] = None,
    minutes: Annotated[int, typer.Option(min=1, max=525_600, help="How long a customer token holds.")] = 60,
) -> None:
    """Print an API key, or with --customer a signed customer token. A key is shown this once."""
    settings = read()
    logs.configure(settings, quiet=True)
    if customer:
        typer.echo(_customer_token(settings.customer_keys, user, name, minutes))
        return
    from server.auth import Authority
    from server.clock import SYSTEM
    from server.storage import open_database

    database = open_database(settings.database)
    try:
        typer.echo(Authority(database, SYSTEM).new_key(user, role))
    finally:
        database.close()


def _customer_token(setting: str, user: str, name: str | None, minutes: int) -> str:
    from server.auth import CustomerKeys
    from server.outgoing import Outgoing

    first = CustomerKeys(setting, Outgoing()).first
    if first is None:
        raise WrongSetting("RAPPORT_CUSTOMER_KEYS: the first entry has to be ISSUER=SECRET to sign tokens with.")
    if not user.strip():
        raise Invalid("--user is empty.")
    claims = {"iss": first[0], "sub": user, "aud": "rapport", "exp": int(time.time()) + minutes * 60}
    return jwt.encode({**claims, **({"name": name} if name else {})}, first[1], algorithm="HS256")


def upgrade() -> None:
    """Bring the database to the newest schema."""
    settings = read()
    logs.configure(settings, quiet=True)
    from server.storage import open_database

    open_database(settings.database).close()
    typer.echo("The database is up to date.")
