"""No spelling of an inner address is connected to."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address

import pytest

from server.outgoing import Outgoing, OutgoingError, Own
from server.outgoing.addresses import is_public

from .conftest import Peer

INNER = [
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),
    *("172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.170.2"),
    *("100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "192.88.99.1"),
]
ODD = [
    *("0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "017700000001"),
    *(
        "127.000.000.001",
        "127.0.0.01",
        "0",
        "0x0",
        "1",
        "00.00.00.00",
        "2852039166",
        "0xa9fea9fe",
        "169.16689662",
    ),
    *(
        "0251.0376.0251.0376",
        "3232235521",
        "0xc0a80001",
        "192.168.257",
        "10.1",
        "0xA.1",
        "012.1",
        "167772161",
    ),
    *("127.0.0.1.", "127.1.", "2130706433.", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "127.0.0.1%00"),
    *("0x7F.0x0.0x0.0x1", "0000000177.1", "256.256.256.256", "1.2.3.4.5", "99999999999"),
]
INNER6 = [
    *(
        "::1",
        "::",
        "fe80::1",
        "fe80::1%25eth0",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
    ),
    *("fd00:ec2::254", "2001:db8::1", "100::1", "2001::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1"),
    *("2001:470::5efe:7f00:1", "2001:470::200:5efe:a00:1", "0:0:0:0:0:0:0:1", "4000::1", "e000::1"),
]


def _embedded(address: str) -> list[str]:
    high, low = divmod(int(IPv4Address(address)), 65536)
    flipped = (high ^ 0xFFFF, low ^ 0xFFFF)
    return [
        f"::ffff:{address}",
        f"::ffff:{high:x}:{low:x}",
        f"::ffff:0:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2002:{high:x}:{low:x}::1",
        f"2001:0:4136:e378:8000:63bf:{flipped[0]:x}:{flipped[1]:x}",
    ]


EMBEDDED = [
    form for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1") for form in _embedded(address)
]
FORMS = INNER + ODD + [f"[{address}]" for address in INNER6 + EMBEDDED]


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address a socket was asked to connect to."""
    connected: list[object] = []

    async def refuse(self: object, sock: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.BaseEventLoop, "sock_connect", refuse, raising=False)
    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", refuse)
    return connected


async def test_no_form_of_an_inner_address_is_connected_to(strict: Outgoing, sockets: list[object]) -> None:
    assert len(FORMS) >= 100
    for form in FORMS:
        for url in (f"http://{form}/", f"https://{form}:8443/x", f"http://{form}:80/?a=b"):
            with pytest.raises(OutgoingError) as caught:
                await strict.fetch("GET", url, timeout_seconds=5)
            assert caught.value.kind in ("blocked", "invalid"), (url, caught.value.kind)
    assert sockets == []


async def test_names_that_lead_inside_are_blocked(sockets: list[object]) -> None:
    for inner in INNER + INNER6 + EMBEDDED:

        async def resolve(host: str, port: int, found: str = inner) -> list[str]:
            return ["93.184.216.34", found]

        client = Outgoing(resolve=resolve)
        with pytest.raises(OutgoingError) as caught:
            await client.fetch("GET", "https://crm.example.com/")
        await client.close()
        assert caught.value.kind == "blocked", inner
    assert sockets == []


async def test_a_public_address_is_connected_to_and_no_other(sockets: list[object]) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    client = Outgoing(resolve=rebinding)
    with pytest.raises(OutgoingError) as caught:
        await client.fetch("POST", "http://crm.example.com:8080/")
    with pytest.raises(OutgoingError) as second:
        await client.fetch("POST", "http://crm.example.com:8080/")
    await client.close()
    assert (caught.value.kind, second.value.kind) == ("connect", "blocked")
    assert sockets == [("93.184.216.34", 8080)]


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1"),
        *("169.253.0.1", "192.169.0.1", "11.0.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2400:3200::1"),
        *("64:ff9b::808:808", "2001:470::5efe:808:808"),
    ],
)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://user@example.com/"),
        *(
            "http://user:pw@example.com/",
            "http://@127.0.0.1/",
            "http://example.com@127.0.0.1/",
            "//a.com/",
            "",
        ),
        *(
            "http://",
            "http:///x",
            "http://exa mple.com/",
            "http://a.com\\@127.0.0.1/",
            "http://a.com/\r\nX: 1",
        ),
        *("http://example.com:0/", "http://example.com:99999/", "http://[::1", "http://-a.com/"),
        *("http://example.com/\x00", "javascript:alert(1)", "http://ex%61mple.com/", "http://a..b/"),
        "http://127.0.0.1%2f@x.com/",
    ],
)
async def test_addresses_that_mean_two_things_are_not_used(strict: Outgoing, sockets: list[object], url: str) -> None:
    with pytest.raises(OutgoingError) as caught:
        await strict.fetch("GET", url)
    assert caught.value.kind in ("invalid", "blocked")
    assert sockets == []


async def test_what_the_operator_listed_is_reached_by_exactly_that_host_and_port(peer: Peer) -> None:
    for listed in (
        f"localhost:{peer.port}",
        f"127.0.0.2:{peer.port}",
        "127.0.0.1:1",
        f"x127.0.0.1:{peer.port}",
    ):
        client = Outgoing([listed])
        with pytest.raises(OutgoingError) as caught:
            await client.fetch("GET", peer.url("/json"))
        await client.close()
        assert caught.value.kind == "blocked"
    assert peer.seen == []
    client = Outgoing([f"LOCALHOST:{peer.port}"])
    answer = await client.fetch("GET", f"http://localhost:{peer.port}/json")
    await client.close()
    assert answer.status == 200


async def test_of_the_server_itself_only_the_data_service_is_reached(peer: Peer) -> None:
    client = Outgoing([peer.host], own=Own(peer.port))
    assert (await client.fetch("GET", peer.url("/data/v1/profile?userid=1"))).status == 200
    closed = [
        *("/api/v1/leads", "/", "/data/v1/../../api/v1/leads", "/data/v1/%2e%2e/api", "/data/v1"),
        *("/data/v10/x", "/data/v1/..%2fapi", "/data/v1/%252e%252e/api", "//data/v1/x", "/data/v1//api"),
        "/data/v1/..%5capi",
    ]
    for path in closed:
        with pytest.raises(OutgoingError) as caught:
            await client.fetch("GET", peer.url(path))
        assert caught.value.kind == "blocked", path
    await client.close()
    assert len(peer.seen) == 1


async def test_the_data_service_needs_no_entry_in_the_list(peer: Peer) -> None:
    client = Outgoing(own=Own(peer.port))
    assert (await client.fetch("GET", f"http://localhost:{peer.port}/data/v1/profile")).status == 200
    await client.close()
