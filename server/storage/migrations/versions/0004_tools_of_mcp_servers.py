"""What tools of MCP servers said of themselves when they were approved, and what they say now."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "mcp_tool",
        sa.Column("plugin", sa.String(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("approved", sa.String(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.String(), nullable=True),
        sa.Column("seen", sa.String(), nullable=True),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "tool"),
    )
