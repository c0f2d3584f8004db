"""Test that an uploaded spreadsheet can neither fill the memory nor read files of the server."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # the package has no types

from services.applications.needs.table_files import cells_in
from shared.errors import Refused


def spreadsheet(text: str) -> bytes:
    """Return a spreadsheet with one text."""
    packed = io.BytesIO()
    book = xlsxwriter.Workbook(packed, {"in_memory": True})
    book.add_worksheet().write_string(0, 0, text)
    book.close()
    return packed.getvalue()


def changed(content: bytes, part: str, text: bytes) -> bytes:
    """Return a spreadsheet in which one part is another text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return packed.getvalue()


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused() -> None:
    """A small file that would unpack to 40 MB is refused before it is unpacked."""
    large = changed(spreadsheet("need"), "xl/sharedStrings.xml", b" " * 40_000_000)
    assert len(large) < 100_000
    with pytest.raises(Refused, match="too large for a table of needs"):
        cells_in(large, "needs.xlsx")


def test_entities_of_a_spreadsheet_are_not_resolved() -> None:
    """An entity that names a file of the server brings nothing of it in."""
    text = (
        b'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" uniqueCount="1">'
        b"<si><t>&file;</t></si></sst>"
    )
    try:
        found = cells_in(changed(spreadsheet("need"), "xl/sharedStrings.xml", text), "needs.xlsx")
    except Refused:
        return
    assert "root:" not in str(found)
