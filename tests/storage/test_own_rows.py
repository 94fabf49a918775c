"""Rows belong to somebody: no query of one customer ever returns another's, and no page loses or doubles a row."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.errors import Invalid, NotFound
from server.storage import Database, Transaction, conversations, leads, turns
from server.storage.conversations import ConversationFilter
from server.storage.leads import FieldRow, LeadFilter, LeadRow, MissedFilter, MissedRow, UnansweredRow
from server.storage.owner import EVERYONE, Owner
from server.storage.paging import Paging
from server.storage.turns import DoneTurn, NewTurn

USERS = ("v_ann", "cust-ben", "shop:eve")
TIMES = tuple(f"2026-11-23T09:00:0{n}.000Z" for n in range(3))
TABLES = (
    "conversation", "turn", "message", "feedback", "lead", "lead_field", "lead_change", "missed", "unanswered",
    "plugin_call", "outbox", "customer", "credential", "scratch",
)  # fmt: skip


def new_turn(n: int, user: str, conversation: str, at: str, *, is_new: bool = True, text: str = "hi") -> NewTurn:
    return NewTurn(
        f"t_{n}", f"m_{n}", conversation, is_new, user, "guide", text, "api", None, None, None, f"d{n}", 1, "f",
        "standin", False, at,
    )  # fmt: skip


def done(n: int, conversation: str, seq: int, at: str) -> DoneTurn:
    return DoneTurn(f"t_{n}", conversation, seq, f"r_{n}", f"answer {n}", "{}", 3, "{}", "{}", "standin", 1, "f", at)


def lead(n: int, user: str, at: str, persona: str = "guide") -> LeadRow:
    return LeadRow(f"l_{n}", user, persona, False, "engaged", None, False, False, "ok", at, at)


@dataclass(frozen=True)
class Row:
    """One conversation of a random owner, with an answered turn and a thumb."""

    user: str
    at: str
    text: str


rows = st.lists(
    st.builds(
        Row,
        st.sampled_from(USERS),
        st.sampled_from(TIMES),
        st.sampled_from(["hello", "ÄRGER im Büro", "100 % sure_!", "你好，价格是多少？", "", "o'clock \\ %"]),
    ),
    max_size=24,
)
quick = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def empty(tx: Transaction) -> None:
    for table in TABLES:
        tx.run(f"DELETE FROM {table}")


def fill(tx: Transaction, made: list[Row]) -> None:
    empty(tx)
    for n, row in enumerate(made):
        accepted = turns.accept(tx, new_turn(n, row.user, f"c_{n}", row.at, text=row.text))
        turns.finish(tx, done(n, f"c_{n}", accepted.seq, row.at))
        conversations.put_feedback(tx, f"r_{n}", f"c_{n}", row.user, 1, None, row.at)


def all_pages(page: Callable[[str | None], tuple[list[Any], str | None]]) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(100):
        part, cursor = page(cursor)
        found += part
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


@given(made=rows, limit=st.integers(1, 7))
@quick
def test_queries_of_one_customer_never_return_anothers(database: Database, made: list[Row], limit: int) -> None:
    database.write_now(lambda tx: fill(tx, made))
    for user in (*USERS, "nobody", "", "v_ann' OR '1'='1", "%"):
        owner, own = Owner(user), {f"c_{n}" for n, row in enumerate(made) if row.user == user}

        def pages(tx: Transaction, owner: Owner = owner, **narrow: Any) -> list[str]:
            kept = ConversationFilter(**narrow)
            return [
                row.id
                for row in all_pages(lambda cursor: conversations.page(tx, owner, kept, Paging(limit, cursor))[:2])
            ]  # fmt: skip

        def check(
            tx: Transaction, user: str = user, owner: Owner = owner, own: set[str] = own, pages: Any = pages
        ) -> None:
            assert sorted(pages(tx)) == sorted(own)
            for other in USERS:
                assert set(pages(tx, user_id=other)) == (own if other == user else set())
            assert conversations.page(tx, owner, ConversationFilter(), Paging(1))[2] == len(own)
            for n in range(len(made)):
                mine = f"c_{n}" in own
                assert may_find(tx, f"c_{n}", owner) is mine
                assert (turns.stored_end(tx, f"t_{n}", owner) is not None) is mine
                assert (turns.place_of(tx, f"t_{n}", user) is not None) is mine

        database.read_now(check)
    everything = database.read_now(lambda tx: conversations.page(tx, EVERYONE, ConversationFilter(), Paging(500))[0])
    assert len(everything) == len(made)


def may_find(tx: Transaction, conversation_id: str, owner: Owner) -> bool:
    try:
        return conversations.find(tx, conversation_id, owner).user_id == owner.user_id
    except NotFound:
        return False


def test_nobody_writes_into_anothers_conversation(database: Database) -> None:
    database.write_now(lambda tx: fill(tx, [Row("v_ann", TIMES[0], "hello")]))
    for user in ("cust-ben", "", "%"):
        with pytest.raises(NotFound):
            database.write_now(
                lambda tx, user=user: turns.accept(tx, new_turn(9, user, "c_0", TIMES[1], is_new=False))  # type: ignore[misc]
            )
    assert database.read_now(lambda tx: tx.row("SELECT turns, updated_at FROM conversation")) == (1, TIMES[0])


WORDS = ("hello", "HELLO", "ärger", "Ärger", "büro", "%", "_", "!", "100 %", "价格", "多少", "\\", "'")


@given(made=rows, q=st.sampled_from(WORDS))
@quick
def test_a_search_finds_the_words_whatever_their_signs_and_case(database: Database, made: list[Row], q: str) -> None:
    database.write_now(lambda tx: fill(tx, made))
    found = database.read_now(lambda tx: conversations.page(tx, EVERYONE, ConversationFilter(q=q), Paging(500)))
    answers = {f"c_{n}" for n in range(len(made)) if q.lower() in f"answer {n}"}
    wanted = {f"c_{n}" for n, row in enumerate(made) if q.lower() in row.text.lower()} | answers
    assert {row.id for row in found[0]} == wanted
    assert found[2] == len(wanted)


@given(
    times=st.lists(st.sampled_from(TIMES), max_size=30),
    limit=st.integers(1, 9),
)
@quick
def test_pages_have_neither_gaps_nor_doubles_when_times_are_equal(
    database: Database, times: list[str], limit: int
) -> None:
    def work(tx: Transaction) -> None:
        empty(tx)
        for n, at in enumerate(times):
            leads.put(tx, lead(n, f"v_{n}", at))
            leads.put_field(tx, f"l_{n}", FieldRow("company", f"C{n}", f"C{n}", "customer", at=at))
            leads.add_missed(tx, MissedRow(f"x_{n}", "v", "guide", "c", "m", None, f"t{n}", "r", at), False)
            leads.add_unanswered(tx, "v", UnansweredRow(f"q_{n}", "guide", "c", "m", "t", at), False)

    database.write_now(work)
    by_time = [n for _, n in sorted(((at, f"_{n}") for n, at in enumerate(times)), reverse=True)]

    def ids(tx: Transaction, page: Callable[..., Any]) -> list[str]:
        return [row.id for row in all_pages(lambda cursor: page(cursor)[:2])]

    def check(tx: Transaction) -> None:
        assert ids(tx, lambda c: leads.page(tx, LeadFilter(), Paging(limit, c))) == [f"l{n}" for n in by_time]
        assert ids(tx, lambda c: leads.missed_page(tx, MissedFilter(), Paging(limit, c))) == [f"x{n}" for n in by_time]
        assert ids(tx, lambda c: leads.unanswered_page(tx, "guide", limit, c)) == [f"q{n}" for n in by_time]
        assert leads.page(tx, LeadFilter(), Paging(limit))[2] == len(times)
        since = leads.page(tx, LeadFilter(since=TIMES[1], until=TIMES[2]), Paging(500))
        assert {row.created_at for row in since[0]} <= {TIMES[1]}
        assert since[2] == times.count(TIMES[1])
        assert [row.id for row in leads.everything(tx, LeadFilter())] == [f"l{n}" for n in by_time]

    database.read_now(check)


encoded = st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode())


@given(cursor=st.one_of(st.text(max_size=80), encoded))
@quick
def test_a_made_up_cursor_is_refused_or_a_place_like_any_other(database: Database, cursor: str) -> None:
    try:
        found = database.read_now(lambda tx: leads.page(tx, LeadFilter(), Paging(5, cursor)))
    except Invalid:
        return
    assert found[0] == []


def test_erasing_one_person_leaves_every_row_of_the_others(database: Database) -> None:
    made = [Row(user, TIMES[n % 3], "hello") for n, user in enumerate(USERS * 3)]

    def work(tx: Transaction) -> None:
        fill(tx, made)
        for n, user in enumerate(USERS):
            leads.put(tx, lead(n, user, TIMES[0]))
            leads.put_field(tx, f"l_{n}", FieldRow("company", "C", "C", "customer", at=TIMES[0]))
            leads.add_missed(tx, MissedRow(f"x_{n}", user, "guide", "c", "m", None, "t", "r", TIMES[0]), False)

    database.write_now(work)
    before = {table: count(database, table) for table in TABLES}
    database.write_now(lambda tx: leads.erase_user(tx, "cust-ben"))
    for table, number in before.items():
        assert count(database, table) * 3 == number * 2, table
    left = database.read_now(lambda tx: tx.rows("SELECT DISTINCT user_id FROM conversation ORDER BY user_id"))
    assert [row[0] for row in left] == ["shop:eve", "v_ann"]


def count(database: Database, table: str) -> int:
    row = database.read_now(lambda tx: tx.row(f"SELECT count(*) FROM {table}"))
    assert row
    return int(row[0])


def test_leads_are_sorted_by_the_stages_of_the_funnel() -> None:
    from server.leads.stages import STAGES

    assert leads._STAGES == STAGES
