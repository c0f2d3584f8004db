"""Alembic's environment of this service: everything is in `shared/runtime/migrate.py`."""

from alembic import context

from shared.runtime.migrate import run

run(context, insert_only=("free_text_log",))
