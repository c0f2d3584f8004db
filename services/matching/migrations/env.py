"""Alembic's environment of this service: everything is in `shared/migrate.py`."""

from alembic import context

from services.matching.store import metadata
from shared.migrate import run

run(context, metadata)
