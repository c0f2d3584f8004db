"""Read variables that are kept as files, as container engines hand out secrets.

A module of its own, since commands use it that load no settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS_DIR = "TANDEM_SECRETS_DIR"
"""The variable that names the folder of these files; each file is named like its variable, in small letters."""


def with_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables together with those of the files; the environment counts where both have a value.

    Raises OSError if the folder or one of its files cannot be read.
    """
    folder = environment.get(SECRETS_DIR)
    files = sorted(Path(folder).glob("tandem_*")) if folder else []
    return {file.name.upper(): file.read_text("utf-8").strip() for file in files} | dict(environment)
