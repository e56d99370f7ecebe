"""Alembic's entry: runs the migrations of one history on the connection that city.db.migrate hands over."""

from alembic import context

from city.db.migrate import configure

configure(context)
with context.begin_transaction():
    context.run_migrations()
