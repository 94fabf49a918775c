"""What a strange server can and cannot do to us."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from server.outgoing import Outgoing, OutgoingError

from .conftest import Peer


async def test_a_plain_answer_comes_whole(allowed: Outgoing, peer: Peer) -> None:
    answer = await allowed.fetch("POST", peer.url("/a%2Fb?x=%20"), headers={"X-A": "1"}, body=b"{}")
    told = json.loads(answer.body)
    assert (answer.status, told["path"], told["headers"]["X-A"]) == (200, "/a%2Fb?x=%20", "1")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.milliseconds > 0


async def test_a_redirect_of_a_request_that_changes_something_is_told_and_not_followed(
    allowed: Outgoing, peer: Peer
) -> None:
    with pytest.raises(OutgoingError, match=r"redirect to 169\.254\.169\.254.*use the final address") as caught:
        await allowed.fetch("POST", peer.url("/away"), headers={"Authorization": "Bearer s3cret"})
    assert caught.value.kind == "redirect"
    assert len(peer.seen) == 1


async def test_a_gzip_bomb_is_cut_without_being_unpacked(allowed: Outgoing, peer: Peer) -> None:
    await allowed.fetch("GET", peer.url("/json"))
    tracemalloc.start()
    with pytest.raises(OutgoingError) as caught:
        await allowed.fetch("GET", peer.url("/bomb"), max_bytes=1_000_000, timeout_seconds=20)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.kind == "too_large"
    assert most < 300_000_000 / 5


async def test_compressed_answers_are_counted_unpacked(allowed: Outgoing, peer: Peer) -> None:
    assert (await allowed.fetch("GET", peer.url("/gzip"), max_bytes=1000)).body == b"x" * 1000
    with pytest.raises(OutgoingError):
        await allowed.fetch("GET", peer.url("/gzip"), max_bytes=999)


async def test_a_silent_server_is_given_up(allowed: Outgoing, peer: Peer) -> None:
    with pytest.raises(OutgoingError, match=r"within 0\.05 s") as caught:
        await allowed.fetch("GET", peer.url("/never"), timeout_seconds=0.05)
    assert caught.value.kind == "timeout"


async def test_a_broken_answer_and_a_closed_port_are_told_apart(allowed: Outgoing, peer: Peer) -> None:
    with pytest.raises(OutgoingError) as caught:
        await allowed.fetch("POST", peer.url("/broken"))
    assert caught.value.kind == "protocol"
    closed = Outgoing(["127.0.0.1:9"])
    with pytest.raises(OutgoingError) as refused:
        await closed.fetch("GET", "http://127.0.0.1:9/")
    await closed.close()
    assert refused.value.kind == "connect"


async def test_cookies_are_forgotten_and_connections_used_again(allowed: Outgoing, peer: Peer) -> None:
    for _ in range(3):
        await allowed.fetch("GET", peer.url("/cookie"))
    assert all("Cookie" not in request.headers for request in peer.seen)
    assert len(peer.connections) == 1


async def test_a_proxy_of_the_environment_is_not_used(
    allowed: Outgoing, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await allowed.fetch("GET", peer.url("/json"))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        *({"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A": "a\0b"}, {"X A": "a"}, {"X-A\r\n": "a"}),
        *({"Host": "evil"}, {"content-length": "3"}, {"Transfer-Encoding": "chunked"}, {"": "x"}),
    ],
)
async def test_headers_that_break_out_are_refused(allowed: Outgoing, peer: Peer, headers: dict[str, str]) -> None:
    with pytest.raises(OutgoingError) as caught:
        await allowed.fetch("GET", peer.url("/json"), headers=headers)
    assert caught.value.kind == "invalid"
    assert peer.seen == []


async def test_an_unknown_host_is_told_by_name_without_the_secret() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError

    client = Outgoing(resolve=unknown)
    with pytest.raises(OutgoingError) as caught:
        await client.fetch("GET", "https://t0psecret.example.com/?key=t0psecret", secrets=["t0psecret"])
    await client.close()
    assert caught.value.kind == "dns"
    assert "t0psecret" not in caught.value.detail
