"""Raise an error of the rules as an HTTP status with a sentence for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refused(HTTPException):
    """A request that the rules do not allow: a sentence for the reader, and errors by field (name -> sentence).

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
