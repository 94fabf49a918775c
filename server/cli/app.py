"""The commands, put together, and how their errors are shown."""

from __future__ import annotations

import sys

import typer
from dotenv import load_dotenv

from server.cli import approving, data, files, importing, keys, serving, talking, testing
from server.errors import RapportError, WrongSetting

app = typer.Typer(
    name="rapport",
    help="Sales assistants for a website's chat: help first, then ask, never nag.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
leads_app = typer.Typer(help="Work with captured leads.", no_args_is_help=True)
db_app = typer.Typer(help="Work with the database.", no_args_is_help=True)

app.command("up")(serving.up)
app.command("serve")(serving.serve)
app.command("console")(serving.console)
app.command("signin-link")(serving.signin_link)
app.command("new")(files.new)
app.command("check")(files.check)
app.command("schema")(files.schema)
app.command("chat")(talking.chat)
app.command("call")(talking.call)
app.command("test")(testing.run_examples_of)
app.command("approve")(approving.approve)
app.command("extract")(talking.extract)
app.command("token")(data.token)
leads_app.command("export")(data.export)
db_app.command("upgrade")(data.upgrade)
import_app = typer.Typer(help="Write other descriptions as plugin files.", no_args_is_help=True)
import_app.command("openapi")(importing.openapi)
import_app.command("lanying")(importing.lanying)
app.add_typer(import_app, name="import")
app.add_typer(leads_app, name="leads")
app.add_typer(db_app, name="db")
secrets_app = typer.Typer(help="Keys of secrets and of signed identity.", no_args_is_help=True)
secrets_app.command("rotate")(keys.rotate_secrets)
secrets_app.command("rotate-identity")(keys.rotate_identity)
app.add_typer(secrets_app, name="secrets")


@import_app.callback()
def _import() -> None:
    """Write other descriptions as plugin files."""


@leads_app.callback()
def _leads() -> None:
    """Work with captured leads."""


@db_app.callback()
def _db() -> None:
    """Work with the database."""


def main() -> None:
    """The entry of the `rapport` script."""
    load_dotenv(".env")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except WrongSetting as error:
        typer.echo(f"rapport: {error.detail}", err=True)
        sys.exit(2)
    except RapportError as error:
        typer.echo(f"rapport: {error.detail}", err=True)
        for one in error.errors:
            typer.echo(f"  {one.get('field') or one.get('line', '')}: {one.get('message', '')}", err=True)
        sys.exit(1)
