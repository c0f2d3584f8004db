"""Alembic's environment of this service: everything is in `shared/migrate.py`."""

from alembic import context

from shared.migrate import run

run(context)
