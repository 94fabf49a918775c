"""The door before every request: addresses and headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ITEMS: Mapping[str, str] = {"persona": "name", "lead": "id", "conversation": "id", "plugins": "name"}
_ITEM = re.compile(r"/(?P<page>[a-z]+)/(?P<item>[A-Za-z0-9_-]{1,80})/?")
_OWN = ("/app/static/", "/static/", "/media/", "/component/", "/signin", "/logo.svg", "/favicon.svg")
_FILE = re.compile(r"/[A-Za-z0-9_.-]+\.(js|css|png|ico|svg|json|txt|woff2?|map|webmanifest)")
_CORE = re.compile(r"/_stcore/(health|host-config|stream|upload_file/.+|bidi-components/.+)")
# Streamlit's client looks for its server below the page's own address first, unless it is told where it is.
_HERE = b"<script>window.__streamlit={BACKEND_BASE_URL:location.origin}</script></head>"
# The YAML editor would fetch a font from outside; the console's own is there.
_FOREIGN_FONT = re.compile(rb"@import url\('https://fonts[^']*'\);")
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' ws: wss: data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "frame-ancestors 'self'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)


class Gate:
    """Sends unknown addresses to a page of ours, nested ones to the page they mean, adds careful headers, and lets
    only the console's own pages open its socket."""

    def __init__(self, app: ASGIApp, pages: Iterable[str], console: str) -> None:
        self._app = app
        self._pages = frozenset(pages)
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin", b"").decode("latin-1"), headers.get(b"host", b"").decode("latin-1")
        if origin != self._console and origin.partition("://")[2] != host:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        # The framework would go on to compare with addresses that it looks up outside; the decision is made here.
        others = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        scope["headers"] = [*others, (b"origin", b"http://127.0.0.1")]
        await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:

        async def careful_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in given)]
            await send(message)

        path = scope["path"]
        if "/_stcore/" in path and not _CORE.fullmatch(path):
            await Response(status_code=404)(scope, receive, careful_send)
            return
        elsewhere = self._elsewhere(scope["path"], scope.get("query_string", b"").decode("latin-1"))
        if elsewhere is None:
            mend = self._mending(path)
            await (_Mended(self._app, mend) if mend else self._app)(scope, receive, careful_send)
        else:
            await RedirectResponse(elsewhere, status_code=307)(scope, receive, careful_send)

    def _mending(self, path: str) -> Callable[[bytes], bytes] | None:
        """What an answer of that path is sent through."""
        if path.strip("/") in self._pages:
            return lambda body: body.replace(b"</head>", _HERE, 1)
        if path.startswith("/component/code_editor") and path.endswith(".js"):
            return lambda body: _FOREIGN_FONT.sub(b"", body)
        return None

    def _elsewhere(self, path: str, query: str) -> str | None:
        if path.startswith(_OWN) or "/_stcore/" in path or _FILE.fullmatch(path) or path.strip("/") in self._pages:
            return None
        nested = _ITEM.fullmatch(path)
        if nested and nested["page"] in ITEMS:
            wanted = urlencode({ITEMS[nested["page"]]: nested["item"]})
            return f"/{nested['page']}?{wanted}{'&' + query if query else ''}"
        return "/?missing=" + quote(path.strip("/")[:100], safe="")


class _Mended:
    """An application whose good answers are changed as a whole on their way."""

    def __init__(self, app: ASGIApp, mend: Callable[[bytes], bytes]) -> None:
        self._app = app
        self._mend = mend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in whole]
        started: Message = {}
        body = bytearray()

        async def mended_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._answer(started, bytes(body), send, is_head=scope["method"] == "HEAD")

        await self._app(scope, receive, mended_send)

    async def _answer(self, started: Message, body: bytes, send: Send, *, is_head: bool) -> None:
        mended = self._mend(body) if started["status"] == 200 else body
        stale = (b"content-length", b"etag", b"last-modified", b"accept-ranges")
        headers = [(name, value) for name, value in started["headers"] if name.lower() not in stale]
        length = [] if is_head else [(b"content-length", str(len(mended)).encode())]
        await send({**started, "headers": [*headers, *length]})
        await send({"type": "http.response.body", "body": mended})
