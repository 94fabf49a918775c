"""Chatting in the terminal, calling one function, trying the capture."""

from __future__ import annotations

import asyncio
import io
import json
import locale as system_locale
import sys
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from server.catalog.spec import PersonaSpec, said_in
from server.cli import logs
from server.clock import SYSTEM
from server.errors import Invalid, NotFound, RapportError
from server.settings import Settings, read

User = Annotated[str | None, typer.Option("--as", help="A verified user, vouched for by you.")]


def chat(
    persona: Annotated[str, typer.Argument(help="The persona's name.")],
    user: User = None,
    model: Annotated[str | None, typer.Option(help="Another model than the persona's.")] = None,
    locale: Annotated[str | None, typer.Option(help="Language, such as en or zh; default the terminal's.")] = None,
) -> None:
    """Chat in the terminal. With standard input not a terminal, a line is a message."""
    settings = read()
    logs.configure(settings, quiet=True)
    _read_utf8()
    language = locale or _terminal_language()
    run(_chat(settings, persona, user, model, language))


def call(
    function: Annotated[str, typer.Argument(metavar="PLUGIN.FUNCTION")],
    user: User = None,
    args: Annotated[str, typer.Option(help="Arguments as JSON.")] = "{}",
) -> None:
    """Call one plugin function and print request, status, result, time, and what the model would see."""
    plugin, dot, name = function.partition(".")
    if not dot or not name:
        raise typer.BadParameter("needs PLUGIN.FUNCTION, such as customer_profile.get_customer_profile")
    settings = read()
    logs.configure(settings, quiet=True)
    if not run(_call(settings, plugin, name, user, args)):
        raise typer.Exit(1)


def extract(
    persona: Annotated[str, typer.Argument(help="The persona whose fields are looked for.")],
    asked: Annotated[str | None, typer.Option(help="The field asked for before the first message.")] = None,
    now: Annotated[str | None, typer.Option(help="The time it is, by RFC 3339.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The customer's time zone.")] = None,
    locale: Annotated[str | None, typer.Option(help="The customer's locale.")] = None,
) -> None:
    """Show what would be captured from the messages on standard input; nothing is stored.

    A line is a customer's message, or JSON such as {"role": "assistant", "text": "…"}.
    """
    from server.leads.preview import would_capture
    from server.leads.types import Said

    _read_utf8()

    try:
        moment = datetime.fromisoformat(now) if now else SYSTEM.now()
    except ValueError:
        raise typer.BadParameter("--now needs a time such as 2026-11-23T09:00:00+08:00") from None
    spec = _spec(read(), persona)
    said = [Said(role, text, str(place)) for place, (role, text) in enumerate(_messages())]  # type: ignore[arg-type]
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = would_capture(spec, said, asked, moment, timezone, locale)
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs work of the server to its end in a loop of its own."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _read_utf8() -> None:
    """Standard input as UTF-8 whatever the terminal says; a byte that is none becomes the replacement sign."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")


def _terminal_language() -> str:
    name = system_locale.getlocale()[0] or "en"
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def _spec(settings: Settings, name: str) -> PersonaSpec:
    from server.catalog.parsed import parse_persona
    from server.catalog.problems import errors_in

    for ending in (".yaml", ".yml"):
        path = settings.personas_dir / f"{name}{ending}"
        if path.is_file():
            parsed = parse_persona(name, str(path), path.read_bytes())
            if parsed.spec is None:
                raise Invalid("\n".join(str(problem) for problem in errors_in(parsed.problems)))
            return parsed.spec
    raise NotFound(f"There is no persona `{name}` in {settings.personas_dir}.")


def _messages() -> Iterator[tuple[str, str]]:
    for line in sys.stdin:
        text = line.rstrip("\n")
        if text.startswith("{"):
            try:
                given = json.loads(text)
            except ValueError:
                given = None
            if isinstance(given, dict) and isinstance(given.get("text"), str):
                role = given.get("role", "customer")
                yield (role if role in ("assistant", "person") else "customer"), given["text"]
                continue
        if text.strip():
            yield "customer", text


async def _call(settings: Settings, plugin: str, name: str, user: str | None, args: str) -> bool:
    from server.plugins import Bound
    from server.service import open_service

    service = open_service(settings)
    try:
        loaded = service.catalog.plugin(plugin)
        await service.door.prepare([loaded])
        if mcp := service.door.tools.find(plugin):
            await mcp.looked()
        trust = "verified" if user else "anonymous"
        bound = Bound(user or "v_terminal", trust, "c_terminal", "terminal")  # type: ignore[arg-type]
        result = await service.door.call([loaded], name, args, bound)
    finally:
        await service.stop()
    shown = {
        "request": result.request,
        "status": result.status,
        **({"error": result.error} if result.error else {}),
        "result": result.value,
        "milliseconds": round(result.milliseconds, 1),
        "model_sees": result.shown,
    }
    sys.stdout.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")
    return result.status == "ok"


async def _chat(settings: Settings, persona: str, user: str | None, model: str | None, language: str) -> None:
    from server.service import open_service

    service = open_service(settings)
    await service.start(watch=sys.stdin.isatty())
    try:
        talk = _Talk(service, persona, user, model, language)
        await talk.hold()
    finally:
        await service.stop()


class _Talk:
    """One conversation in the terminal."""

    def __init__(self, service: Any, persona: str, user: str | None, model: str | None, language: str) -> None:
        self.service, self.persona, self.user = service, service.catalog.persona(persona), user
        self.model, self.language = model, language
        self.tty = sys.stdin.isatty() and sys.stdout.isatty()
        self.screen = Console(highlight=False, soft_wrap=True)
        self.conversation: str | None = None

    async def hold(self) -> None:
        """Says hello, then answers until the input ends."""
        from server.storage import new_id
        from server.storage.people import CustomerRow

        user_id = self.user or new_id("v")
        trust = "verified" if self.user else "anonymous"
        visitor = CustomerRow(user_id, trust, locale=self.language, channel="terminal")
        await self.service.authority.new_visitor(visitor)
        spec = self.persona.spec
        if self.tty:
            title = said_in(spec.title, self.language, self.persona.name)
            note = "" if self._model() != "standin" else "  (no language model is connected)"
            self.screen.print(f"{title} · {self._model()}{note} · Ctrl-D ends", style="dim", markup=False)
            self.screen.print(said_in(spec.greeting, self.language), markup=False)
        while (line := await asyncio.to_thread(self._read)) is not None:
            if line.strip():
                await self._say(line, user_id, trust)
        await self._tell_lead(user_id)

    def _model(self) -> str:
        return str(self.service.models.resolve(self.model or self.persona.spec.model))

    def _read(self) -> str | None:
        if self.tty:
            try:
                return input("> ")
            except EOFError:
                return None
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None

    async def _say(self, text: str, user_id: str, trust: str) -> None:
        from server.turn import Order

        if "\0" in text:
            raise Invalid("A message holds a NUL character.")
        order = Order(
            persona=self.persona.name,
            text=text[:20_000],
            user_id=user_id,
            trust=trust,
            conversation_id=self.conversation,
            locale=self.language,
            channel="terminal",
            model=self.model,
        )
        log = await self.service.turns.begin(order)
        self.conversation = log.conversation_id
        if self.tty:
            await self._show(log)
        answer = await log.done()
        if answer is None:
            raise log.problem or RapportError("The turn ended without an answer.")
        if not self.tty:
            sys.stdout.write(orjson.loads(answer)["reply"]["text"] + "\n")
            sys.stdout.flush()
        elif captured := orjson.loads(answer)["captured"]:
            noted = ", ".join(f"{name} = {field['normalised']}" for name, field in captured.items())
            self.screen.print(f"noted: {noted}", style="dim", markup=False)

    async def _show(self, log: Any) -> None:
        async for block in log.read():
            for event in block.split(b"\n\n"):
                if b"event: delta" in event:
                    data = event.split(b"data: ", 1)[1]
                    sys.stdout.write(orjson.loads(data)["text"])
                    sys.stdout.flush()
        sys.stdout.write("\n")

    async def _tell_lead(self, user_id: str) -> None:
        from server.storage import leads

        lead = await self.service.database.read(lambda tx: leads.of_user(tx, user_id, self.persona.name, False))
        if lead is None or not lead.fields:
            return
        screen = Console(stderr=True, highlight=False, soft_wrap=True)
        screen.print(f"\nLead {lead.id}, stage {lead.stage}:", style="dim", markup=False)
        for name, row in lead.fields.items():
            screen.print(f"  {name}: {row.normalised}   “{row.quote}”", style="dim", markup=False)
