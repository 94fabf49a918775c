"""Keys that are for some personas alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("credential", sa.Column("personas", sa.String(), nullable=True))
