"""Secrets of plugins: where each comes from and to which hosts it belongs. A value goes in and never comes out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from server.api.service import Serviced
from server.api.shapes import listed
from server.auth.rules import DEVELOPER, VIEWER
from server.errors import Invalid, NotFound
from server.outgoing import OutgoingError
from server.outgoing.addresses import plain_entry
from server.plugins.secrets import names_in
from server.service import Service

router = APIRouter(prefix="/secrets", tags=["secrets"])
SHORTEST = 4  # what is shorter cannot be kept out of texts
SecretName = Annotated[str, Path(max_length=128)]


class SecretBody(BaseModel):
    """A value with the hosts into whose requests it may be filled."""

    model_config = ConfigDict(extra="forbid")
    value: SecretStr = Field(min_length=SHORTEST, max_length=10_000)
    hosts: list[Annotated[str, Field(min_length=1, max_length=260)]] = Field(min_length=1, max_length=20)


@router.get("")
async def list_secrets(caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """Every secret that is stored or that a plugin names."""
    used = _used(service)
    items = [_shown(service, name, used) for name in sorted(used.keys() | service.secrets.stored_names())]
    return listed(items, None, len(items))


@router.get("/{name}")
async def one_secret(name: SecretName, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """One secret: its hosts and where it comes from."""
    used = _used(service)
    if name not in used and name not in service.secrets.stored_names():
        raise NotFound("No secret of that name is stored, and no plugin names one.")
    return _shown(service, name, used)


@router.put("/{name}")
async def set_secret(name: SecretName, body: SecretBody, caller: DEVELOPER, service: Serviced) -> dict[str, Any]:
    """Stores a secret, encrypted, or replaces it. One of the environment goes before it."""
    try:
        hosts = tuple(dict.fromkeys(plain_entry(host) for host in body.hosts))
    except (OutgoingError, ValueError):
        raise Invalid("`hosts` needs hosts or HOST:PORT, such as crm.example.com: no scheme and no path.") from None
    await service.put_secret(caller, name, body.value.get_secret_value().strip(), hosts)
    return _shown(service, name, _used(service))


@router.delete("/{name}", status_code=204)
async def delete_secret(name: SecretName, caller: DEVELOPER, service: Serviced) -> None:
    """Deletes a stored secret."""
    await service.delete_secret(caller, name)


def _used(service: Service) -> dict[str, list[str]]:
    return names_in(state.loaded for state in service.catalog.plugins() if state.loaded)


def _shown(service: Service, name: str, used: dict[str, list[str]]) -> dict[str, Any]:
    state = service.secrets.state(name)
    return {
        "name": state.name,
        "source": state.source,
        "stored": state.stored,
        "hosts": list(state.hosts),
        "plugins": used.get(name, []),
        "updated_at": state.updated_at,
        "updated_by": state.updated_by,
    }
