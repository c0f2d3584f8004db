"""Refuse a request that rests on an older version of a record, or names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


class Outdated(HTTPException):
    """The request rests on an older version of the record, or names none.

    `version` is the present one, `state` the word for the record's present state, `changed` the moment of its last
    change, as far as they are known. `detail` says what is true now where an action has found that out. Where the body
    names records with their versions, `places` are the JSON pointers to those versions that do not hold, with the
    present ones. It is no `Refused`: a page that shows a refusal at its form would offer the older version again.
    """

    def __init__(
        self,
        version: str = "",
        *,
        named: bool = True,
        detail: str = "",
        places: Mapping[str, str] | None = None,
        state: str = "",
        changed: datetime | None = None,
    ) -> None:
        self.version = version
        self.changed = changed
        self.places = dict(places or {})
        self.code = ProblemCode.OUTDATED if named else ProblemCode.VERSION_NEEDED
        headers = None if self.places else {"ETag": f'"{version}"'}
        super().__init__(self.code.status, detail or self._sentence(state, changed), headers)

    def _sentence(self, state: str, changed: datetime | None) -> str:
        if self.code is ProblemCode.OUTDATED:
            sentence = gettext("Nothing was saved. The record has changed since you read it.")
            now = gettext("It is now “%(state)s”.") % {"state": state} if state else ""
            return " ".join(filter(None, (sentence, now, changed_last(changed))))
        if self.places:
            return gettext("Send the version of each record that you read, beside its id.")
        return gettext("Send the version that you read: the ETag of this record, in the header If-Match.")


def changed_last(at: datetime | None, by: str = "") -> str:
    """Return the sentence when a record was changed last, and by whom where the reader may know that."""
    if at is None:
        return ""
    if not by:
        return gettext("It was changed last on %(moment)s.") % {"moment": dates.moment(at)}
    return gettext("%(name)s changed it last, on %(moment)s.") % {"name": by, "moment": dates.moment(at)}


def more_said(refusal: Refused | Outdated, sentences: Collection[str]) -> Refused | Outdated:
    """Return the refusal with what is true now behind its sentence, as far as that does not stand there already."""
    new = [sentence for sentence in sentences if sentence not in refusal.detail]
    if not new:
        return refusal
    detail = " ".join((refusal.detail, *new))
    if isinstance(refusal, Outdated):
        named = refusal.code is ProblemCode.OUTDATED
        return Outdated(refusal.version, named=named, detail=detail, places=refusal.places, changed=refusal.changed)
    return Refused(detail, fields=refusal.fields, code=refusal.code)
