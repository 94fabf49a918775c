"""Signing in: links work once and for ten minutes, guessing is slow, rights are read anew, keys can be replaced."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.auth import Authority
from server.auth.caller import Role
from server.clock import Clock
from server.errors import Forbidden, Invalid, TooMany, Unauthorised
from server.storage import Database, open_database, people
from server.storage.people import CustomerRow
from tests.conftest import furnish
from tests.running import ADMIN, RAPPORT, RunningServer

HERE = "192.0.2.1"


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.at, self.seconds = datetime(2026, 11, 23, 9, tzinfo=UTC), 100.0
        self.clock = Clock(lambda: self.at, lambda: self.seconds)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)
        self.seconds += timedelta(**by).total_seconds()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def authority(database: Database, hands: Hands) -> Authority:
    return Authority(database, hands.clock)


async def test_a_link_opens_once(authority: Authority) -> None:
    link = authority.signin_link("ada@example.com", "editor")
    session, account, _ = await authority.sign_in(link, HERE)
    caller = await authority.caller(session)
    assert (caller.kind, caller.role, caller.name, caller.id) == ("account", "editor", "ada@example.com", account.id)
    with pytest.raises(Unauthorised, match="used before"):
        await authority.sign_in(link, HERE)
    assert (await authority.caller(session)).role == "editor"


async def test_a_link_is_good_for_ten_minutes(authority: Authority, hands: Hands) -> None:
    early, late = (authority.signin_link("ada@example.com", None) for _ in range(2))
    hands.forward(minutes=9, seconds=59)
    await authority.sign_in(early, HERE)
    hands.forward(seconds=1)
    with pytest.raises(Unauthorised, match="has run out"):
        await authority.sign_in(late, HERE)


async def test_two_at_once_with_one_link_are_one_session(authority: Authority) -> None:
    import asyncio

    link = authority.signin_link("ada@example.com", None)
    found = await asyncio.gather(*(authority.sign_in(link, HERE) for _ in range(8)), return_exceptions=True)
    assert len([one for one in found if not isinstance(one, BaseException)]) == 1
    assert {type(one) for one in found if isinstance(one, BaseException)} == {Unauthorised}


async def test_a_link_or_a_session_is_nothing_else(authority: Authority) -> None:
    link = authority.signin_link("ada@example.com", None)
    with pytest.raises(Unauthorised):
        await authority.caller(link)
    session, _, _ = await authority.sign_in(link, HERE)
    visitor = await authority.new_visitor(CustomerRow("v_1", "anonymous"))
    for token in (session, visitor, authority.new_key("k", "admin"), "", "rl_", link[:-1], link + "x", link.upper()):
        with pytest.raises(Unauthorised):
            await authority.sign_in(token, HERE)


async def test_ten_wrong_tries_a_minute_then_nobody_from_there_gets_in(authority: Authority, hands: Hands) -> None:
    link = authority.signin_link("ada@example.com", None)
    for n in range(10):
        with pytest.raises(Unauthorised):
            await authority.sign_in(f"rl_guess-{n}", HERE)
        hands.forward(seconds=1)
    with pytest.raises(TooMany) as refused:
        await authority.sign_in(link, HERE)
    assert refused.value.status == 429
    assert refused.value.retry_after
    elsewhere = authority.signin_link("ben@example.com", "viewer")
    await authority.sign_in(elsewhere, "192.0.2.2")
    hands.forward(seconds=51)
    await authority.sign_in(link, HERE)


async def test_a_thousand_guesses_are_ten_looks_a_minute(authority: Authority, hands: Hands) -> None:
    looked_at = 0
    for n in range(1000):
        try:
            await authority.sign_in(f"rl_{n}", HERE)
        except Unauthorised:
            looked_at += 1
        except TooMany:
            pass
        hands.forward(seconds=0.06)
    assert looked_at == 10


async def test_a_session_ends_by_itself_after_thirty_days_and_at_once_when_signed_out(
    authority: Authority, hands: Hands
) -> None:
    first, _, ends = await authority.sign_in(authority.signin_link("ada@example.com", None), HERE)
    second, _, _ = await authority.sign_in(authority.signin_link("ada@example.com", None), HERE)
    assert ends.startswith("2026-12-23T09:00:00")
    await authority.end(await authority.caller(first))
    with pytest.raises(Unauthorised):
        await authority.caller(first)
    hands.forward(days=29, hours=23)
    await authority.caller(second)
    hands.forward(hours=1)
    with pytest.raises(Unauthorised):
        await authority.caller(second)


async def test_rights_are_read_anew_at_each_request(authority: Authority, database: Database) -> None:
    sessions = [
        (await authority.sign_in(authority.signin_link(f"p{n}@example.com", "admin"), f"192.0.2.{n}"))[0]
        for n in range(20)
    ]
    lesser: tuple[Role, ...] = ("viewer", "editor", "developer")
    for n in range(20):
        authority.signin_link(f"p{n}@example.com", lesser[n % 3])
    assert [(await authority.caller(session)).role for session in sessions] == [lesser[n % 3] for n in range(20)]
    database.write_now(lambda tx: tx.run("UPDATE account SET disabled_at = '2026-11-23T10:00:00.000Z'"))
    for session in sessions:
        with pytest.raises(Unauthorised):
            await authority.caller(session)


def test_a_key_needs_a_role_of_the_house(authority: Authority) -> None:
    for role in ("visitor", "root", "", "Admin"):
        with pytest.raises(Invalid):
            authority.new_key("k", role)


async def test_another_admin_token_in_the_settings_ends_the_old_one(authority: Authority) -> None:
    other = authority.new_key("a program", "viewer")
    authority.keep_admin_key("rk_the-first-admin-token")
    authority.keep_admin_key("rk_the-first-admin-token")
    assert (await authority.caller("rk_the-first-admin-token")).role == "admin"
    authority.keep_admin_key("rk_the-second-admin-token")
    assert (await authority.caller("rk_the-second-admin-token")).role == "admin"
    with pytest.raises(Unauthorised):
        await authority.caller("rk_the-first-admin-token")
    assert (await authority.caller(other)).role == "viewer"


async def test_the_admin_token_of_the_settings_is_admin_whatever_it_was_before(authority: Authority) -> None:
    viewer = authority.new_key("a program", "viewer")
    authority.keep_admin_key(viewer)
    assert (await authority.caller(viewer)).role == "admin"


async def test_the_admin_key_cannot_sign_itself_out_and_comes_back_at_the_next_start(
    authority: Authority, database: Database
) -> None:
    authority.keep_admin_key("rk_the-first-admin-token")
    caller = await authority.caller("rk_the-first-admin-token")
    with pytest.raises(Forbidden):
        await authority.end(caller)
    database.write_now(lambda tx: people.end_credential(tx, caller.digest, "2026-11-23T09:00:00.000Z"))
    authority.keep_admin_key("rk_the-first-admin-token")
    assert (await authority.caller("rk_the-first-admin-token")).role == "admin"


async def test_a_token_counts_to_its_last_character(authority: Authority) -> None:
    visitor = await authority.new_visitor(CustomerRow("v_1", "anonymous"))
    session, _, _ = await authority.sign_in(authority.signin_link("ada@example.com", None), HERE)
    for token in (visitor, session, authority.new_key("k", "viewer")):
        await authority.caller(token)
        for place in range(len(token)):
            other = "a" if token[place] != "a" else "b"
            with pytest.raises(Unauthorised):
                await authority.caller(token[:place] + other + token[place + 1 :])
        for wrong in (token[:20], token + "=", token + " ", token.swapcase()):
            with pytest.raises(Unauthorised):
                await authority.caller(wrong)


async def test_only_the_first_person_is_admin_unasked(authority: Authority) -> None:
    _, first, _ = await authority.sign_in(authority.signin_link("ada@example.com", None), HERE)
    with pytest.raises(Invalid, match=r"ben@example.com is new here.* --role viewer, editor, developer or admin"):
        authority.signin_link("ben@example.com", None)
    authority.signin_link("ben@example.com", "viewer")
    _, again, _ = await authority.sign_in(authority.signin_link("ben@example.com", None), HERE)
    _, operator, _ = await authority.sign_in(authority.signin_link("admin@localhost", None), HERE)
    assert (first.role, again.role, operator.role) == ("admin", "viewer", "admin")


async def test_only_digests_are_stored(authority: Authority, database: Database) -> None:
    tokens = [
        authority.new_key("k", "viewer"),
        authority.signin_link("ada@example.com", None),
        await authority.new_visitor(CustomerRow("v_1", "anonymous")),
    ]
    rows = database.read_now(lambda tx: tx.rows("SELECT * FROM credential"))
    stored = " ".join(str(value) for row in rows for value in row)
    assert [token for token in tokens if token in stored or token[3:30] in stored] == []


# The commands and the server together


@pytest.fixture(scope="module")
def guessed_at(
    tmp_path_factory: pytest.TempPathFactory, new_shared_database: Callable[[str], str]
) -> Iterator[RunningServer]:
    running = RunningServer(furnish(tmp_path_factory.mktemp("guessed")), new_shared_database("postgresql")).start()
    yield running
    running.kill()


def rapport(server: RunningServer, *arguments: str) -> str:
    done = subprocess.run(
        [str(RAPPORT), *arguments], env=server.environment(), cwd=server.home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_printed_link_leads_to_a_session_and_guessing_to_a_429(guessed_at: RunningServer) -> None:
    link = rapport(guessed_at, "signin-link", "--user", "ada@example.com", "--role", "viewer")
    token = link.split("token=")[1]
    with guessed_at.client(None) as client:
        made = client.post("/api/v1/sessions", json={"token": token})
        assert made.status_code == 201
        assert made.json()["account"]["role"] == "viewer"
        statuses = [client.post("/api/v1/sessions", json={"token": f"rl_{n}"}).status_code for n in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        refused = client.post("/api/v1/sessions", json={"token": "rl_x"})
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
    with guessed_at.client(made.json()["token"]) as client:
        assert client.get("/api/v1/leads").status_code == 200
        assert client.delete("/api/v1/sessions/current").status_code == 204
        assert client.get("/api/v1/leads").status_code == 401


def test_a_printed_key_works_at_the_running_server_with_its_own_role(guessed_at: RunningServer) -> None:
    key = rapport(guessed_at, "token", "--user", "a program", "--role", "viewer")
    with guessed_at.client(key) as client:
        assert client.get("/api/v1/me").json() == {
            "kind": "key",
            "id": client.get("/api/v1/me").json()["id"],
            "role": "viewer",
            "name": "a program",
            "trust": None,
            "personas": None,
        }
        assert client.get("/api/v1/leads").status_code == 200
        assert client.delete("/api/v1/leads/l_1").status_code == 403


def test_a_printed_customer_token_identifies(guessed_at: RunningServer) -> None:
    token = rapport(guessed_at, "token", "--customer", "--user", "cust-5", "--name", "Ada")
    with guessed_at.client(guessed_at.visitor().token) as client:
        known = client.post("/api/v1/visitors/identify", json={"customer_token": token}).json()
    assert (known["visitor_id"], known["trust"]) == ("cust-5", "verified")


def test_the_first_start_makes_an_admin_token_for_its_owner_alone(tmp_path: Path) -> None:
    from server.auth import load_keys
    from server.settings import Settings

    settings = Settings(data_dir=tmp_path / "data", admin_token="", secret_key="")
    keys = load_keys(settings)
    assert load_keys(settings) == keys
    assert keys.admin_token.startswith("rk_")
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()} == {0}
    assert ADMIN not in (keys.admin_token, keys.secret_key)
