"""Texts of a persona that were refused, kept for those who wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "persona_aside",
        sa.Column("persona", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("yaml", sa.String(), nullable=False),
        sa.Column("updated_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("persona", "principal"),
    )
