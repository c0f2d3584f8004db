"""Typeset the report on a period as PDF: Typst fills the template beside this module with data.

The same data gives the same bytes: nothing of the machine or the moment goes in, so that two copies can be compared.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_HERE = Path(__file__).parent
_FONTS = _HERE.parents[3] / "shared" / "web" / "static" / "vendor" / "documents"
"""Noto in TrueType, copied at set-up (`shared/web/vendor.toml`); the machine's own fonts are never used."""


async def report(data: Mapping[str, Any], *, at: datetime) -> bytes:
    """Return the report on a period as PDF, tagged for screen readers (PDF/UA-1), with `at` as its date.

    `data` is what `report.typ` reads, with all texts in the reader's language. Typst runs in a thread.
    """
    return await asyncio.to_thread(_compile, data, int(at.timestamp()))


def _compile(data: Mapping[str, Any], timestamp: int) -> bytes:
    made = typst.compile(
        str(_HERE / "report.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=timestamp,
    )
    assert isinstance(made, bytes)
    return made
