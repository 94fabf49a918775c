"""Chatting as an editor does."""

from __future__ import annotations

import httpx

from tests.running import ADMIN, RunningServer


def test_an_editors_first_message_sent_again_under_its_id_begins_no_second_conversation(server: RunningServer) -> None:
    body = {"persona": "guide", "message": {"text": "Hello"}, "client_message_id": "first-words", "test": True}
    with server.client(ADMIN) as client:
        first, again = (client.post("/api/v1/chat", json=body).json() for _ in range(2))
        another = client.post("/api/v1/chat", json={**body, "client_message_id": "other-words"}).json()
    assert again == first
    assert another["conversation_id"] != first["conversation_id"]


async def test_a_visitor_cannot_pass_for_the_house(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/api/v1/visitors", json={"channel": "console"})
    assert answer.status_code == 422
    assert "channel" in answer.text
