"""Typeset a document as PDF with Typst, from a template beside this module and its content.

The same content gives the same bytes: nothing of the machine or the moment goes in, so that a digest proves a document.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import segno
import typst

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

_HERE = Path(__file__).parent
_FONTS = _HERE.parents[2] / "shared" / "web" / "static" / "vendor" / "documents"
"""Noto in TrueType, copied at set-up (`shared/web/vendor.toml`); the machine's own fonts are never used."""


async def pdf(template: str, content: BaseModel, *, at: datetime) -> bytes:
    """Return the document as PDF; works in a thread.

    `template` is the name of a `.typ` file here, `at` the moment that the file names.
    """
    return await asyncio.to_thread(_compile, template, content.model_dump_json(), int(at.timestamp()))


def _compile(template: str, content: str, timestamp: int) -> bytes:
    pdf_bytes = typst.compile(
        str(_HERE / f"{template}.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"says": content},
        timestamp=timestamp,
    )
    assert isinstance(pdf_bytes, bytes)
    return pdf_bytes


def qr(address: str) -> str:
    """Return a QR code of an address as SVG."""
    image = BytesIO()
    segno.make(address, error="m").save(image, kind="svg", xmldecl=False, svgns=True, border=0)
    return image.getvalue().decode()
