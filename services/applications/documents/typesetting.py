"""How does a document become a PDF? Typst sets a template beside this module with what the document says, as data.

The same data gives the same bytes: nothing of the machine or the moment goes in, so that a digest proves a document.
"""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno
import typst

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_HERE = Path(__file__).parent
_FONTS = _HERE.parents[2] / "shared" / "web" / "static" / "vendor" / "documents"
"""Noto in TrueType, copied at set-up (`shared/web/vendor.toml`); the machine's own fonts are never used."""


async def pdf(template: str, says: Mapping[str, Any], *, at: datetime) -> bytes:
    """The document as PDF: `template` is a `.typ` file here, `at` the moment that the file names. In a thread."""
    return await asyncio.to_thread(_compile, template, says, int(at.timestamp()))


def _compile(template: str, says: Mapping[str, Any], timestamp: int) -> bytes:
    made = typst.compile(
        str(_HERE / f"{template}.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"says": json.dumps(says, ensure_ascii=False)},
        timestamp=timestamp,
    )
    assert isinstance(made, bytes)
    return made


def qr(address: str) -> str:
    """A QR code of an address as SVG, for a template to draw."""
    drawn = BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, border=0)
    return drawn.getvalue().decode()
