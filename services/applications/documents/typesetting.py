"""Typeset a document as PDF with Typst, from a template beside this module and its values.

The same values give the same bytes: nothing of the machine or the moment goes in, so that a digest proves a document.
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


async def pdf(template: str, values: Mapping[str, Any], *, at: datetime) -> bytes:
    """Return the document as PDF; works in a thread.

    `template` is the name of a `.typ` file here, `at` the moment that the file names.
    """
    return await asyncio.to_thread(_compile, template, values, int(at.timestamp()))


def _compile(template: str, values: Mapping[str, Any], timestamp: int) -> bytes:
    pdf_bytes = typst.compile(
        str(_HERE / f"{template}.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"says": json.dumps(values, ensure_ascii=False)},
        timestamp=timestamp,
    )
    assert isinstance(pdf_bytes, bytes)
    return pdf_bytes


def qr(address: str) -> str:
    """Return a QR code of an address as SVG."""
    image = BytesIO()
    segno.make(address, error="m").save(image, kind="svg", xmldecl=False, svgns=True, border=0)
    return image.getvalue().decode()
