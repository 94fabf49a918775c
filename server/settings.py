"""The settings of the environment and `.env`, read once and checked at once."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.errors import WrongSetting

_HOST_PORT = re.compile(r"[A-Za-z0-9._\-\[\]:]+:\d{1,5}")

CONSOLE_ADDRESS = "console-address"
USUAL_CONSOLE = "http://127.0.0.1:8501"
OPERATOR = "admin@localhost"
"""The account of whoever runs the installation; always at hand, by `rapport signin-link`."""


class Settings(BaseSettings):
    """Every `RAPPORT_…` variable. Field names are the variables' names without the prefix, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    database_url: str = ""
    personas_dir: Path = Path("personas.d")
    plugins_dir: Path = Path("plugins.d")
    catalog: Literal["files"] = "files"
    secret_key: str = ""
    secret_key_old: str = ""
    admin_token: str = ""
    customer_keys: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_roles: str = ""
    model: str = "auto"
    helper_model: str = ""
    vendors: Path | None = None
    fast_lane: bool = True
    allow_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str = ""
    console_url: str = ""
    server_url: str = ""
    trusted_proxies: str = ""
    allow_stdio: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    host: str = Field(default="127.0.0.1", exclude=True)
    port: int = Field(default=8000, ge=1, le=65535, exclude=True)

    @field_validator("allow_hosts", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        hosts = tuple(part.strip().lower() for part in value.split(",") if part.strip())
        for host in hosts:
            if not _HOST_PORT.fullmatch(host):
                raise ValueError(f"`{host}` is not HOST:PORT, such as crm.internal:8080")
        return hosts

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force: the setting, or the SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'rapport.db'}"

    @property
    def console_origin(self) -> str:
        """Where browsers find the console: as the setting says, or where it listens now."""
        return (self.console_url or console_beside(self.data_dir)).rstrip("/")


def console_beside(folder: Path) -> str:
    """Where the console of that data folder listens; the usual address when none runs."""
    try:
        return (folder / CONSOLE_ADDRESS).read_text(encoding="utf-8").strip() or USUAL_CONSOLE
    except FileNotFoundError:
        return USUAL_CONSOLE


def read(**changes: object) -> Settings:
    """The settings in force; raises WrongSetting with one line that names the variable."""
    try:
        return Settings(**changes)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "RAPPORT_" + str(first["loc"][0]).upper() if first["loc"] else "a setting"
        given = os.environ.get(name, "")
        shown = f" (it is `{given}`)" if given and not re.search("KEY|TOKEN|URL", name) else ""
        raise WrongSetting(f"{name}: {first['msg']}{shown}") from None
