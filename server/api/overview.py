"""The first page: a week by days, what is still to be done, what is broken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from server.api.service import Serviced
from server.api.shapes import Zone
from server.auth.rules import VIEWER
from server.catalog import Problem
from server.clock import rfc3339
from server.llm.models import STAND_IN
from server.service import Service
from server.storage import Transaction, overview
from server.storage.overview import Standing, Week

router = APIRouter(prefix="/overview", tags=["overview"])
DAYS = 7


@router.get("")
async def the_overview(caller: VIEWER, service: Serviced, timezone: Zone = "UTC") -> dict[str, Any]:
    """Today, yesterday and the week by the days of a time zone, first steps, and what needs somebody."""
    zone = ZoneInfo(timezone)
    days = _days(service.clock.now().astimezone(zone).date())
    bounds = [rfc3339(datetime.combine(day, time(), zone).astimezone(UTC)) for day in days]

    def work(tx: Transaction) -> tuple[Week, Standing]:
        return overview.week(tx, bounds, service.contact_fields()), overview.standing(tx)

    week, standing = await service.database.read(work)
    return {
        "today": _day(week, bounds, DAYS - 1),
        "yesterday": _day(week, bounds, DAYS - 2),
        "week": [
            {"day": days[n].isoformat(), "conversations": week.conversations[n], "contacts": week.contacts[n]}
            for n in range(DAYS)
        ],
        "totals": {"conversations": standing.conversations, "leads": standing.leads},
        "checklist": {
            "chat_tried": standing.chatted,
            "model_connected": service.models.resolve(None) != STAND_IN,
            "prompt_changed": standing.drafted or standing.published,
            "published": standing.published,
            "lead_seen": standing.any_lead,
        },
        "broken": list(_broken(service, standing)),
        "missed_open": standing.missed_open,
        "unanswered": standing.unanswered,
    }


def _days(today: date) -> list[date]:
    """The days of the week that ends today, and tomorrow."""
    return [today + timedelta(days=n) for n in range(1 - DAYS, 2)]


def _day(week: Week, bounds: list[str], n: int) -> dict[str, Any]:
    return {
        "from": bounds[n],
        "conversations": week.conversations[n],
        "messages": week.messages[n],
        "leads": week.leads[n],
        "contacts": week.contacts[n],
    }


def _broken(service: Service, standing: Standing) -> Iterator[dict[str, Any]]:
    """What somebody has to mend: files with errors, tables that do not fit, mirrors and models out of reach."""
    told: set[str] = set()
    for kind, states in (("plugin", service.catalog.plugins()), ("persona", service.catalog.personas())):
        for state in states:
            for problem in state.problems:
                if problem.severity == "error":
                    told.add(state.name)
                    yield {"kind": kind, "name": state.name, **_at(problem)}
    for name, message in service.plugin_problems:
        if name not in told:
            yield {"kind": "plugin", "name": name, "message": message}
    for persona, count in standing.unmirrored.items():
        leads = "1 lead" if count == 1 else f"{count} leads"
        yield {"kind": "mirror", "name": persona, "message": f"The mirror did not take {leads} of `{persona}`."}
    for persona, model in service.models_out_of_reach():
        message = f"`{persona}` names the model {model}, whose key is not set; the stand-in answers."
        yield {"kind": "model", "name": model, "message": message}


def _at(problem: Problem) -> dict[str, Any]:
    return {"message": problem.message, "file": problem.file, "line": problem.line, "column": problem.column}
