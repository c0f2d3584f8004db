"""Refuse a request that rests on an older version of a record, or names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from shared.errors import ProblemCode, Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Outdated(HTTPException):
    """The request rests on an older version of the record, or names none.

    `version` is the present one, `state` the word for the record's present state. `detail` says what is true now where
    an action has found that out. Where the body names records with their versions, `places` are the JSON pointers to
    those versions that do not hold, with the present ones. It is no `Refused`: a page that shows a refusal at its form
    would offer the older version again.
    """

    def __init__(
        self,
        version: str = "",
        *,
        named: bool = True,
        detail: str = "",
        places: Mapping[str, str] | None = None,
        state: str = "",
    ) -> None:
        self.version = version
        self.places = dict(places or {})
        self.code = ProblemCode.OUTDATED if named else ProblemCode.VERSION_NEEDED
        headers = None if self.places else {"ETag": f'"{version}"'}
        super().__init__(self.code.status, detail or self._sentence(state), headers)

    def _sentence(self, state: str) -> str:
        if self.code is ProblemCode.OUTDATED and state:
            sentence = gettext("Nothing was saved. The record has changed since you read it. It is now “%(state)s”.")
            return sentence % {"state": state}
        if self.code is ProblemCode.OUTDATED:
            return gettext("Nothing was saved. The record has changed since you read it.")
        if self.places:
            return gettext("Send the version of each record that you read, beside its id.")
        return gettext("Send the version that you read: the ETag of this record, in the header If-Match.")


def more_said(refusal: Refused | Outdated, sentences: Collection[str]) -> Refused | Outdated:
    """Return the refusal with what is true now behind its sentence, as far as that does not stand there already."""
    new = [sentence for sentence in sentences if sentence not in refusal.detail]
    if not new:
        return refusal
    detail = " ".join((refusal.detail, *new))
    if isinstance(refusal, Outdated):
        named = refusal.code is ProblemCode.OUTDATED
        return Outdated(refusal.version, named=named, detail=detail, places=refusal.places)
    return Refused(detail, fields=refusal.fields, code=refusal.code)
