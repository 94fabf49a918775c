"""The floor: an application on the same framework that passes every answer through, with no logic and no storage.

`UPSTREAM=http://127.0.0.1:9001/v1 uvicorn benchmarks.floor:app --port 9002 --loop uvloop --http httptools`
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

_URL = os.environ.get("UPSTREAM", "http://127.0.0.1:9001/v1") + "/chat/completions"
_HEADERS = {"content-type": "application/json"}


@asynccontextmanager
async def _life(application: FastAPI) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        application.state.session = session
        yield


app = FastAPI(lifespan=_life)


@app.post("/v1/chat/completions")
async def completions(request: Request) -> Response:
    """The upstream's answer, as it comes."""
    body = await request.body()
    if orjson.loads(body).get("stream"):
        return StreamingResponse(_passed_on(body), media_type="text/event-stream")
    async with app.state.session.post(_URL, data=body, headers=_HEADERS) as answer:
        return Response(await answer.read(), media_type="application/json")


async def _passed_on(body: bytes) -> AsyncIterator[bytes]:
    async with app.state.session.post(_URL, data=body, headers=_HEADERS) as answer:
        async for part in answer.content.iter_any():
            yield part
