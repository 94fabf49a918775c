"""A shop's database, for plugins of kind `sql`: three people's orders, one catalogue, one table of no concern."""

from __future__ import annotations

import sqlalchemy as sa

PEOPLE = ("v_ann", "v_ben", "v_cat")
MARKS = {"v_ann": "ann-only", "v_ben": "ben-only", "v_cat": "cat-only"}
"""A word in each text of a person's rows; in nobody else's."""
HIDDEN = "top-secret"

metadata = sa.MetaData()
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("userid", sa.String(60)),
    sa.Column("sku", sa.String(20)),
    sa.Column("total", sa.Integer),
    sa.Column("note", sa.String(200)),
    sa.Column("day", sa.String(10)),
)
visits = sa.Table(
    "visits",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("userid", sa.String(60)),
    sa.Column("page", sa.String(100)),
)
product = sa.Table(
    "product", metadata, sa.Column("sku", sa.String(20), primary_key=True), sa.Column("name", sa.String(60))
)
staff = sa.Table("staff", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.String(60)))


def furnish_shop(address: str, people: tuple[str, ...] = PEOPLE) -> None:
    """Makes the tables with the rows of these people."""
    engine = engine_of(address)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for table, rows in _rows(people).items():
            connection.execute(sa.insert(table), rows)
    engine.dispose()


def _rows(people: tuple[str, ...]) -> dict[sa.Table, list[dict[str, object]]]:
    bought = [
        {
            "id": 10 * number + at, "userid": who, "sku": f"s{(number + at) % 3}", "total": 7 * at + number,
            "note": f"{MARKS[who]} {at}", "day": f"2026-11-{at + 10}",
        }
        for number, who in enumerate(PEOPLE) for at in range(6) if who in people
    ]  # fmt: skip
    seen = [
        {"id": 10 * number + at, "userid": who, "page": f"{MARKS[who]} page {at}"}
        for number, who in enumerate(PEOPLE) for at in range(4) if who in people
    ]  # fmt: skip
    sold = [{"sku": f"s{at}", "name": f"Thing {at}"} for at in range(3)]
    return {orders: bought, visits: seen, product: sold, staff: [{"id": 1, "word": HIDDEN}]}


def contents(address: str) -> list[tuple[object, ...]]:
    """Every row of every table, to see that nothing was changed."""
    engine = engine_of(address)
    with engine.connect() as connection:
        found = [
            tuple(row)
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table).order_by("id" if "id" in table.c else "sku"))
        ]
    names = sorted(sa.inspect(engine).get_table_names())
    engine.dispose()
    return [tuple(names), *found]


def engine_of(address: str) -> sa.Engine:
    """An engine that keeps no connection."""
    address = address.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://")
    return sa.create_engine(address, poolclass=sa.NullPool)
