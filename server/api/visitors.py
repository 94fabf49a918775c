"""Visitors: made by the server, identified by a token of a customer system."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from server.api.service import Serviced
from server.api.shapes import IdentifyBody, VisitorBody
from server.auth.rules import PUBLIC, VISITOR
from server.storage import new_id
from server.storage.people import CustomerRow

router = APIRouter(prefix="/visitors", tags=["visitors"])


@router.post("", dependencies=[PUBLIC], status_code=201)
async def new_visitor(body: VisitorBody, service: Serviced) -> dict[str, Any]:
    """A new anonymous visitor and their token."""
    visitor = CustomerRow(new_id("v"), "anonymous", None, body.locale, body.timezone, body.channel or "api", body.page)
    token = await service.authority.new_visitor(visitor)
    return {"visitor_id": visitor.id, "token": token, "trust": "anonymous"}


@router.post("/identify")
async def identify(body: IdentifyBody, caller: VISITOR, service: Serviced) -> dict[str, Any]:
    """A new token, trust `verified`; the old one ends, conversations and leads move along."""
    claims = await service.customer_keys.verify(body.customer_token)
    known = await service.people.identify(caller, claims)
    return {"visitor_id": known.user_id, "token": known.token, "trust": "verified"}
