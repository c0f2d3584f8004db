"""Each service's migrations form one line, so that a database always knows the next one."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

SERVICES = Path(__file__).resolve().parents[2] / "services"


@pytest.mark.parametrize("service", sorted(path.parent.parent.name for path in SERVICES.glob("*/migrations/env.py")))
def test_one_line_from_the_first_to_the_last(service: str) -> None:
    """One beginning, one end, and each file carries the number that its name says."""
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    found = list(scripts.walk_revisions())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert [revision.revision for revision in found] == sorted((revision.revision for revision in found), reverse=True)
    assert all(Path(revision.path).name.startswith(f"{revision.revision}_") for revision in found)
