"""Personas: what is published, drafts, publishing, history, templates, knowledge, and what would be captured."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from server.api.passages import Source, passages, searched
from server.api.service import Serviced
from server.api.shapes import (
    Cursor,
    DraftBody,
    ExtractBody,
    Limit,
    Locale,
    NameInPath,
    NewPersonaBody,
    PassageSearchBody,
    PublishBody,
    RollbackBody,
    Short,
    listed,
)
from server.api.wire import JsonResponse, json_bytes, read_body
from server.auth import Caller
from server.auth.rules import EDITOR, PUBLIC, VIEWER
from server.catalog import LoadedPersona, PersonaState
from server.catalog.difference import Difference
from server.catalog.library import KNOWLEDGE_BYTES
from server.catalog.spec import said_in
from server.catalog.starters import templates
from server.catalog.studio import ArchivedPersona, DraftState, KnowledgeInfo, Overview, Remarks, Side, plain_spec
from server.clock import rfc3339
from server.errors import Invalid
from server.leads.preview import would_capture
from server.leads.products import product_names
from server.leads.types import Said
from server.storage import activity
from server.storage.activity import Activity

router = APIRouter(prefix="/personas", tags=["personas"])
_LATELY = timedelta(days=7)
_BODY = {"requestBody": {"content": {"application/octet-stream": {}}, "required": True}}


def _who(caller: Caller) -> str:
    return caller.name or caller.id


def _language(persona: LoadedPersona, asked: str | None, header: str) -> str:
    wanted = [asked] if asked else [part.split(";")[0].strip() for part in header.split(",")]
    for language in wanted:
        short = (language or "").replace("_", "-").split("-")[0].lower()
        if short in persona.languages:
            return short
    return persona.languages[0]


@router.get("/{name}/card", dependencies=[PUBLIC])
async def card(
    name: NameInPath,
    service: Serviced,
    locale: Locale | None = None,
    accept_language: Annotated[str, Header()] = "",
) -> dict[str, Any]:
    """What a chat window shows before the first message, in the asked language."""
    persona = service.catalog.persona(name)
    spec, language = persona.spec, _language(persona, locale, accept_language)
    return {
        "title": said_in(spec.title, language, name),
        "greeting": said_in(spec.greeting, language),
        "suggestions": [said_in(text, language) for text in spec.suggestions],
        "media": spec.media.model_dump(),
    }


@router.get("")
async def list_personas(caller: VIEWER, service: Serviced, archived: bool = False) -> dict[str, Any]:
    """Every persona with its state, its draft, and the last seven days; with `archived=true` those put away."""
    if archived:
        return _all([_archived(each) for each in await service.studio.archive_list()])
    since = rfc3339(service.clock.now() - _LATELY)
    known = await service.studio.overview()
    lately = await service.database.read(lambda tx: activity.since(tx, since))
    return _all(
        [
            {
                **_head(state),
                **_overview(known.get(state.name, Overview())),
                **_lately(lately.get(state.name, Activity())),
            }
            for state in service.catalog.personas()
        ]
    )


@router.get("/templates")
async def list_templates(caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """Complete personas of example companies, to begin with."""
    return _all([asdict(template) for template in templates()])


@router.post("", status_code=201)
async def new_persona(body: NewPersonaBody, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """A new persona: from a text, as a copy, from a template, or from the commented starting file."""
    version = await service.studio.create(
        body.name, author=_who(caller), yaml=body.yaml, copy_of=body.copy_of, template=body.template
    )
    await service.note(caller, "create_persona", f"{body.name} {version}")
    return {"name": body.name, "version": version}


@router.get("/{name}")
async def one_persona(name: NameInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """The published text with hints, its problems on disk, the draft, and the caller's own text put aside."""
    opened = await service.studio.opened(name, caller.id)
    state = service.catalog.state(name)
    loaded = state.loaded
    shown = {
        **_head(state),
        "spec": plain_spec(loaded.yaml) if loaded else None,
        "yaml": loaded.yaml if loaded else "",
        "problems": [problem.as_dict() for problem in state.problems],
        "published_at": opened.published_at or None,
        "published_by": opened.published_by or None,
        **_remarks(opened.remarks),
    }
    draft = {"draft": _draft(opened.draft)} if opened.draft else {}
    return {**shown, **draft, **({"aside": asdict(opened.aside)} if opened.aside else {})}


@router.put("/{name}/draft")
async def save_draft(name: NameInPath, body: DraftBody, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Keeps a draft, checked; a stale base is a 409 with both texts, and the caller's is put aside."""
    draft = await service.studio.save_draft(
        name,
        base_version=body.base_version,
        base_revision=body.base_revision,
        author=_who(caller),
        principal=caller.id,
        yaml=body.yaml,
        spec=body.spec,
    )
    await service.look(caller, "save_draft", name)  # one line an hour: drafts save themselves
    return _draft(draft)


@router.delete("/{name}/draft", status_code=204)
async def delete_draft(
    name: NameInPath,
    caller: EDITOR,
    service: Serviced,
    base_revision: Annotated[int | None, Query(ge=0, le=2_000_000_000)] = None,
) -> None:
    """Throws the draft away; saving its text again on `base_revision` 0 brings it back. A stale one here is a 409."""
    await service.studio.delete_draft(name, _who(caller), caller.id, base_revision=base_revision)
    await service.note(caller, "delete_draft", name)


@router.delete("/{name}/aside", status_code=204)
async def delete_aside(name: NameInPath, caller: EDITOR, service: Serviced) -> None:
    """Throws away the caller's own text that was refused and put aside."""
    await service.studio.delete_aside(name, caller.id)
    await service.look(caller, "drop_aside", name)


@router.post("/{name}/publish")
async def publish(name: NameInPath, body: PublishBody, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Puts the draft in the place of the file; the next answer comes from it."""
    version = await service.studio.publish(name, body.base_version, body.revision, body.note, _who(caller))
    await service.note(caller, "publish_persona", f"{name} {version}", body.note)
    return {"version": version}


@router.post("/{name}/rollback")
async def rollback(name: NameInPath, body: RollbackBody, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Publishes the text of an earlier version again."""
    version = await service.studio.rollback(name, body.version, _who(caller), body.note)
    await service.note(caller, "rollback_persona", f"{name} {version}", f"to version {body.version}")
    return {"version": version}


@router.post("/{name}/archive", status_code=204)
async def archive(name: NameInPath, caller: EDITOR, service: Serviced) -> None:
    """Takes the persona out of service; file and versions are kept."""
    await service.studio.archive(name, _who(caller))
    await service.note(caller, "archive_persona", name)


@router.post("/{name}/restore")
async def restore(name: NameInPath, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """Brings an archived persona back with its last text, as a new version."""
    version = await service.studio.restore(name, _who(caller))
    await service.note(caller, "restore_persona", f"{name} {version}")
    return {"version": version}


@router.get("/{name}/versions")
async def versions(name: NameInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """The history, newest first."""
    return _all([asdict(info) for info in await service.studio.versions(name)])


@router.get("/{name}/versions/{version}")
async def one_version(
    name: NameInPath,
    version: Annotated[int, Path(ge=1, le=2_000_000_000)],
    caller: VIEWER,
    service: Serviced,
) -> dict[str, Any]:
    """One version with its text."""
    found = await service.studio.version(name, version)
    return {**asdict(found.info), "yaml": found.yaml, "spec": found.spec}


@router.get("/{name}/diff", response_class=JsonResponse)
async def diff(
    name: NameInPath,
    caller: VIEWER,
    service: Serviced,
    before: Annotated[str, Query(alias="from", max_length=20)] = "published",
    after: Annotated[str, Query(alias="to", max_length=20)] = "draft",
) -> JsonResponse:
    """What changed between two of: a version's number, `draft`, `published`; by line, by word and by value."""
    found = await service.studio.diff(name, _side(before), _side(after))
    return JsonResponse(await asyncio.to_thread(_diff, found))


def _side(text: str) -> Side:
    if text == "draft":
        return "draft"
    if text == "published":
        return "published"
    if text.isascii() and text.isdigit() and 0 < int(text) <= 2_000_000_000:
        return int(text)
    raise Invalid(f"`{text}` is no version: a number, `draft` or `published`.")


@router.get("/{name}/knowledge")
async def knowledge(name: NameInPath, caller: VIEWER, service: Serviced) -> dict[str, Any]:
    """The knowledge files beside the persona."""
    return _all([_file(info) for info in await service.studio.knowledge(name)])


@router.get("/{name}/passages")
async def list_passages(
    name: NameInPath,
    caller: VIEWER,
    service: Serviced,
    source: Source = "published",
    path: Short | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """What the knowledge was cut into, file by file, then the question and answer pairs (`path` empty)."""
    known = await service.studio.known(name, source)
    return await asyncio.to_thread(passages, known.knowledge, path, limit, cursor)


@router.post("/{name}/passages/search")
async def search_passages(
    name: NameInPath, body: PassageSearchBody, caller: VIEWER, service: Serviced
) -> dict[str, Any]:
    """What a customer's question finds, as a turn would, best first; nothing is stored."""
    known = await service.studio.known(name, body.source)
    return await asyncio.to_thread(searched, known, body)


@router.get("/{name}/knowledge/{path:path}", response_class=Response)
async def read_knowledge(name: NameInPath, path: str, caller: VIEWER, service: Serviced) -> Response:
    """A knowledge file as it is."""
    data = await service.studio.read_knowledge(name, path)
    return Response(data, headers={"content-disposition": "attachment"}, media_type="application/octet-stream")


@router.put("/{name}/knowledge/{path:path}", openapi_extra=_BODY)
async def put_knowledge(
    name: NameInPath, path: str, request: Request, caller: EDITOR, service: Serviced
) -> dict[str, Any]:
    """Adds or replaces a knowledge file: its bytes are the body. Says how many passages it makes."""
    data = await read_body(request, KNOWLEDGE_BYTES)
    put = await service.studio.put_knowledge(name, path, data, _who(caller))
    await service.note(caller, "put_knowledge", name, path)
    return _file(put)


@router.delete("/{name}/knowledge/{path:path}", status_code=204)
async def delete_knowledge(name: NameInPath, path: str, caller: EDITOR, service: Serviced) -> None:
    """Removes a knowledge file that no persona names."""
    await service.studio.delete_knowledge(name, path, _who(caller))
    await service.note(caller, "delete_knowledge", name, path)


@router.post("/{name}/extract")
async def extract(name: NameInPath, body: ExtractBody, caller: EDITOR, service: Serviced) -> dict[str, Any]:
    """What would be captured from these messages; nothing is stored."""
    persona = service.catalog.persona(name)
    said = [Said(m.role, m.text, str(place)) for place, m in enumerate(body.messages)]
    names = product_names(persona.plugins, persona.spec.offers)
    now = body.now or service.clock.now()
    return would_capture(persona.spec, said, body.asked, now, body.timezone, body.locale, names)


def _all(items: list[dict[str, Any]]) -> dict[str, Any]:
    return listed(items, None, len(items))


def _head(state: PersonaState) -> dict[str, Any]:
    loaded = state.loaded
    return {
        "name": state.name,
        "title": loaded.spec.title if loaded and loaded.spec.title else state.name,
        "version": loaded.version if loaded else 0,
        "fingerprint": loaded.fingerprint if loaded else "",
        "status": "ok" if loaded and not state.problems else "error" if not loaded else "problems",
        "languages": list(loaded.languages) if loaded else [],
        "fields": len(loaded.spec.collect.fields) if loaded else 0,
        "problems": [problem.as_dict() for problem in state.problems],
    }


def _overview(known: Overview) -> dict[str, Any]:
    return {
        "draft": asdict(known.draft) if known.draft else None,
        "published_at": known.published_at or None,
        "published_by": known.published_by or None,
        "archived": False,
    }


def _lately(happened: Activity) -> dict[str, Any]:
    return {"leads_7d": happened.leads, "conversations_7d": happened.conversations}


def _archived(persona: ArchivedPersona) -> dict[str, Any]:
    return {**asdict(persona), "archived": True}


def _remarks(remarks: Remarks | DraftState) -> dict[str, Any]:
    return {"hints": [asdict(hint) for hint in remarks.hints], "prompt_tokens": remarks.prompt_tokens}


def _diff(found: Difference) -> bytes:
    """As JSON; the dataclasses hold only texts, numbers and JSON values."""
    shown = {
        "before": found.before,
        "after": found.after,
        "hunks": found.hunks,
        "unified": found.unified,
        "segments": found.pieces,
        "changes": found.changes,
    }
    return json_bytes(shown)


def _draft(draft: DraftState) -> dict[str, Any]:
    return {
        "revision": draft.revision,
        "base_version": draft.base_version,
        "yaml": draft.yaml,
        "spec": draft.spec,
        "problems": [problem.as_dict() for problem in draft.problems],
        "author": draft.author,
        "updated_at": draft.updated_at,
        **_remarks(draft),
    }


def _file(info: KnowledgeInfo) -> dict[str, Any]:
    return {**asdict(info), "used_by": list(info.used_by)}
