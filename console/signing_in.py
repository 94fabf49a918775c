"""The console's own routes: sign-in by a link, and with a company account (OpenID Connect)."""

from __future__ import annotations

import hmac
import html
from collections.abc import Awaitable, Callable

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from console.addresses import Addresses
from console.client import Refused, ServerAway, SignedOut, connect
from console.visit import LANGUAGE_COOKIE, SESSION_COOKIE
from console.wording import Language, nearest, word

COMPANY = "/signin/company"
CALLBACK = "/signin/callback"
SESSION_SECONDS = 30 * 24 * 3600
STATE_COOKIE = "rapport_signin"
STATE_SECONDS = 600
_Endpoint = Callable[[Request], Awaitable[Response]]


def routes(addresses: Addresses) -> list[Route]:
    """`/signin?token=…`, and the way to the identity provider and back."""
    return [
        Route("/signin", _by_link(addresses), methods=["GET", "HEAD"]),
        Route(COMPANY, _to_provider(addresses), methods=["GET"]),
        Route(CALLBACK, _back(addresses), methods=["GET"]),
    ]


def _by_link(addresses: Addresses) -> _Endpoint:
    """Exchanges the link's token and sets the cookie."""

    async def sign_in(request: Request) -> Response:
        language = _language_of(request)
        token = request.query_params.get("token", "")
        if request.method == "HEAD":
            return Response()
        if not token or len(token) > 200:
            return _explained(language, "signin.bad_link", 400)
        try:
            session = await anyio.to_thread.run_sync(lambda: connect(addresses.server).people.sign_in(token))
        except ServerAway:
            return _explained(language, "signin.server_away", 503, again="")
        except SignedOut:
            return _explained(language, "signin.spent", 401)
        except Refused as refused:
            key = "signin.too_often" if refused.status == 429 else "signin.spent"
            return _explained(language, key, refused.status)
        return _signed_in(addresses, session)

    return sign_in


def _to_provider(addresses: Addresses) -> _Endpoint:
    """Sends the browser to the identity provider; what it must bring back stays in a cookie of its own."""

    async def start(request: Request) -> Response:
        try:
            address, state = await anyio.to_thread.run_sync(connect(addresses.server).people.start_company_sign_in)
        except (ServerAway, Refused, SignedOut):
            return _explained(_language_of(request), "signin.company_away", 503, again=COMPANY)
        answer = RedirectResponse(address, status_code=303)
        _keep(answer, addresses, STATE_COOKIE, state, STATE_SECONDS, "/signin")
        return answer

    return start


def _back(addresses: Addresses) -> _Endpoint:
    """Takes what the identity provider sent, from the very browser that had asked for it."""

    async def finish(request: Request) -> Response:
        answer = await _finished(request, addresses)
        answer.delete_cookie(STATE_COOKIE, path="/signin", httponly=True, samesite="lax", secure=addresses.is_https)
        return answer

    return finish


async def _finished(request: Request, addresses: Addresses) -> Response:
    language, given = _language_of(request), request.query_params
    state, kept = given.get("state", ""), request.cookies.get(STATE_COOKIE, "")
    if not kept or not hmac.compare_digest(state.encode(), kept.encode()):
        return _explained(language, "signin.company_other", 401, again=COMPANY)
    if "code" not in given:
        return _explained(language, "signin.company_cancelled", 401, again=COMPANY)
    people = connect(addresses.server).people
    try:
        session = await anyio.to_thread.run_sync(lambda: people.company_sign_in(given["code"], state, given.get("iss")))
    except ServerAway:
        return _explained(language, "signin.company_away", 503, again=COMPANY)
    except SignedOut:
        return _explained(language, "signin.company_other", 401, again=COMPANY)
    except Refused as refused:
        key = "signin.company_unknown" if refused.status == 403 else "signin.company_away"
        return _explained(language, key, refused.status, again=COMPANY)
    return _signed_in(addresses, session)


def _signed_in(addresses: Addresses, session: str) -> Response:
    answer = RedirectResponse("/", status_code=303)
    _keep(answer, addresses, SESSION_COOKIE, session, SESSION_SECONDS, "/")
    return answer


def _keep(answer: Response, addresses: Addresses, name: str, value: str, seconds: int, path: str) -> None:
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=addresses.is_https, path=path)
    answer.headers["cache-control"] = "no-store"


def _language_of(request: Request) -> Language:
    kept = request.cookies.get(LANGUAGE_COOKIE)
    return nearest(kept or request.headers.get("accept-language", ""))


def _explained(language: Language, key: str, status: int, *, again: str | None = None) -> Response:
    """A page that says what is the matter, with where to try `again`, or else with the command for a new link."""
    title, body = word(language, key + "_title"), word(language, key)
    command = "" if again is not None else "<pre>.venv/bin/rapport signin-link</pre>"
    retry = ""
    if again is not None:
        retry = f'<p><a href="{again}">{html.escape(word(language, "common.try_again"))}</a></p>'
    page = _PAGE.format(
        language=language, title=html.escape(title), body=html.escape(body), command=command, retry=retry
    )
    return HTMLResponse(page, status_code=status, headers={"cache-control": "no-store"})


_PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title} · Rapport</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/app/static/favicon.svg">
<style>
@font-face {{ font-family: Inter; src: url(/app/static/inter-latin.woff2); font-weight: 100 900 }}
:root {{ color-scheme: light dark; --page: #fff; --card: #f4f6f7; --text: #10191d; --line: #d5dce0; --link: #0b5c73 }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: #11171a; --card: #1a2226; --text: #e6ecee; --line: #334047; --link: #7cc9dd }}
}}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--text);
  font: 15px/1.6 Inter, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif }}
main {{ max-width: 26rem; margin: 24px }}
h1 {{ font-size: 1.6rem; font-weight: 600; line-height: 1.25; margin: 24px 0 8px }}
pre {{ background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; overflow: auto }}
a {{ color: var(--link) }}
</style></head>
<body><main><img src="/app/static/logo.svg" alt="Rapport" height="32"><h1>{title}</h1><p>{body}</p>{command}{retry}
</main></body></html>"""
