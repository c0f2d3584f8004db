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
    present ones, and `sentences` say for each what its record is now. `refused` where the action is not possible any
    more, and no other values can help; `detail` says why. `fields` are those of the form that name what its sender
    read, with their present values. It is no `Refused`: a page that shows a refusal at its form
    would offer the older version again.
    """

    def __init__(
        self,
        version: str = "",
        *,
        named: bool = True,
        detail: str = "",
        places: Mapping[str, str] | None = None,
        sentences: Mapping[str, str] | None = None,
        state: str = "",
        changed: datetime | None = None,
        refused: bool = False,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        self.version = version
        self.refused = refused
        self.fields = dict(fields or {})
        self.state = state
        self.changed = changed
        self.places = dict(places or {})
        self.sentences = dict(sentences or {})
        self.code = ProblemCode.OUTDATED if named else ProblemCode.VERSION_NEEDED
        headers = None if self.places else {"ETag": f'"{version}"'}
        super().__init__(self.code.status, detail or self._sentence(present_in_words(state, changed)), headers)

    def detail_at(self, place: str) -> str:
        """Return what is said about the record whose version stands at that place in the body."""
        return self._sentence(self.sentences[place]) if place in self.sentences else self.detail

    def detail_of(self, changes: Collection[str]) -> str:
        """Return the detail for a page that knows what has changed, by label; it names the state only if that has."""
        now = state_in_words(self.state)
        if not now or gettext("Status") in changes:
            return self.detail
        names = gettext("What has changed: %(names)s.") % {"names": ", ".join(changes)} if changes else ""
        return " ".join(self.detail.replace(now, names).split())

    def _sentence(self, present: str) -> str:
        if self.code is ProblemCode.OUTDATED:
            sentence = gettext("Nothing was saved. The record has changed since you read it.")
            return f"{sentence} {present}".rstrip()
        if self.places:
            return gettext("Send the version of each record that you read, with its id.")
        return gettext("Send the version that you read. It is the ETag of this record, in the header If-Match.")


def present_in_words(state: str, changed: datetime | None) -> str:
    """Return what a record is now and when it was changed last, as far as either is known."""
    return " ".join(filter(None, (state_in_words(state), changed_last(changed))))


def state_in_words(state: str) -> str:
    """Return the sentence with the word for the state that a record has now; empty without one."""
    return gettext("It is now “%(state)s”.") % {"state": state} if state else ""


def changed_last(at: datetime | None, by: str = "") -> str:
    """Return the sentence when a record was changed last, and by whom where the reader may know that."""
    if at is None:
        return ""
    if not by:
        return gettext("It was last changed on %(moment)s.") % {"moment": dates.moment(at)}
    return gettext("%(name)s last changed it on %(moment)s.") % {"name": by, "moment": dates.moment(at)}


def more_said(refusal: Refused | Outdated, sentences: Collection[str]) -> Refused | Outdated:
    """Return the refusal with what is true now behind its sentence, as far as that does not stand there already."""
    new = [sentence for sentence in sentences if sentence not in refusal.detail]
    if not new:
        return refusal
    detail = " ".join((refusal.detail, *new))
    if isinstance(refusal, Outdated):
        named = refusal.code is ProblemCode.OUTDATED
        return Outdated(
            refusal.version,
            named=named,
            detail=detail,
            places=refusal.places,
            state=refusal.state,
            changed=refusal.changed,
            refused=refusal.refused,
            fields=refusal.fields,
        )
    return Refused(detail, fields=refusal.fields, code=refusal.code)
