"""Alembic's entry: runs the migrations on the connection that `server.storage.migrate` hands in."""

from alembic import context
from sqlmodel import SQLModel

from server.storage import tables

assert tables.OWN_TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
