"""What a turn found, so that it can be taken back; what became of missed contact data."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("turn", sa.Column("before", sa.String(), nullable=True))
    op.add_column("missed", sa.Column("status", sa.String(), nullable=False, server_default="open"))
    op.add_column("missed", sa.Column("undo", sa.String(), nullable=True))
