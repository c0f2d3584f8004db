"""Describe the answer of a route that gives a file."""

from __future__ import annotations

from typing import Any


def file_answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers a file of one of these media types.

    The route needs `response_class=Response` besides.
    """
    return {200: {"description": "The file.", "content": {each: {"schema": _schema(each)} for each in media_types}}}


def _schema(media_type: str) -> dict[str, Any]:
    if media_type.endswith("json"):
        return {"type": "object", "properties": {}, "description": "The file's own documentation says what is in it."}
    is_text = media_type.startswith("text/") or media_type.endswith("xml")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}
