"""Raise an error of the rules as an HTTP status with a sentence for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refused(HTTPException):
    """The rules do not allow it: a sentence for the reader, and the fields (name -> sentence) that it concerns.

    `title` and `advice` stand in for those that the status has, where these would mislead.
    """

    def __init__(
        self,
        detail: str,
        status: int = 409,
        fields: Mapping[str, str] | None = None,
        *,
        title: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.fields = dict(fields or {})
        self.title, self.advice = title, advice
