"""Answer a form about one record that rests on an older version: both versions side by side, and a choice.

What the page showed comes with the form (`form_pages.py`), what is true now from the record. The reader carries out the
same action on the present version, or leaves the record as it is. Where the action is not possible any more, the
page says why and has no button for it. A route whose page shows more than its records, such as the effects of a
decision, says what that is now (`Beside`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile

from shared.bus.db.outdated import Outdated, changed_last
from shared.bus.db.records import versions_by_record
from shared.contracts.labels import label
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.identity import csrf
from shared.identity.record_facts import facts_by_record, last_change
from shared.identity.refusals import here, safe_next
from shared.identity.state import service_of
from shared.identity.versions import FIELD, records_of, show_versions
from shared.web import several
from shared.web.form_pages import FIELD as PAGE_FIELD
from shared.web.form_pages import Button, FormPage, bounded, page_in, show_facts, shown_facts
from shared.web.form_versions import changed_at
from shared.web.forms import Form
from shared.web.problem_types import PROBLEM_TYPES
from shared.web.render import render

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request
    from starlette.responses import Response

    from shared.bus.db.records import Named
    from shared.bus.db.transaction import RequestVersions
    from shared.identity.record_facts import Facts

_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
# An id, and what a form joins to one: it says nothing to a reader either.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/|$)")
# Hidden fields that say nothing to a reader.
_MACHINE_FIELDS = frozenset(
    {
        "version",
        "seen",
        "digest",
        "moving",
        "lines",
        "draft_writer",
        "draft_turn",
        "arrival_stamp",
        several.SEEN,
        several.COMPARED,
    }
)
_SEND_AGAIN = N_("Send again")
_OURS = frozenset({csrf.FIELD, FIELD, PAGE_FIELD})


@dataclass(frozen=True, slots=True)
class ComparedFact:
    """A fact of a record as the reader saw it, and as it is now."""

    label: str
    then: str
    now: str

    @property
    def changed(self) -> bool:
        """Return whether it differs."""
        return self.then != self.now


@dataclass(frozen=True, slots=True)
class ComparedRecord:
    """A record in both versions: the word for its kind, its facts, and who changed it last, in a sentence.

    `known` where the form says what its page showed.
    """

    name: str
    facts: Sequence[ComparedFact]
    known: bool
    last: str = ""

    @property
    def differs(self) -> bool:
        """Return whether a fact has changed."""
        return any(each.changed for each in self.facts)


@dataclass(frozen=True, slots=True)
class Beside:
    """The content of a form's page beside its records, as it is now, with the questions and words of the comparison.

    `name` is that of `show_facts`, `heading` the one of its table. `form` is what the page asks besides, such as a
    choice that became necessary. `template` is one of the room that extends `outdated.html`, with `more` for it;
    `button` are the words on the button where they are other ones. Fields in `unlisted` are not among those that were
    sent, labels in `elsewhere` not in the tables.
    """

    name: str = ""
    heading: str = ""
    facts: Facts = ()
    form: Form | None = None
    template: str = "outdated.html"
    more: Mapping[str, object] = field(default_factory=dict)
    button: str = ""
    unlisted: Collection[str] = ()
    elsewhere: Collection[str] = ()


_NOTHING_BESIDE = Beside()


async def compared_records(request: Request) -> tuple[list[ComparedRecord], str]:
    """Return the records of a form in both versions, the changed ones first, and the present version of the last."""
    versions: RequestVersions | None = getattr(request.state, "versions", None)
    if versions is None:
        return [], ""
    page = page_in((await request.form()).get(PAGE_FIELD))
    reader, facts = getattr(request.state, "principal", None), records_of(request).facts
    chain = [each for each in versions.records if not each.section]
    # The version is read first: a change while the page is made is found by its form.
    async with service_of(request.app).bus.glance() as session:
        present = (await versions_by_record(session, versions.records[-1:]))[versions.records[-1]]
        now = await facts_by_record(session, facts, reader, chain)
        found = [
            _compared(
                gettext(facts[each.kind].name) if each.kind in facts else "",
                page.facts.get(each.prefix),
                now.get(each, ()),
                await _last(session, request, page, each),
            )
            for each in chain
        ]
    return [each for each in reversed(found) if each.facts], present


async def _last(session: AsyncSession, request: Request, page: FormPage, record: Named) -> str:
    """Return the sentence who changed a record since its page was opened."""
    reader = getattr(request.state, "principal", None)
    last = await last_change(session, records_of(request).facts, reader, record)
    # The page names the second in which it was made.
    if last is None or (page.at is not None and last[1].replace(microsecond=0) < page.at.replace(microsecond=0)):
        return ""
    return changed_last(last[1], last[0])


def _compared(name: str, seen: Facts | None, present: Facts, last: str) -> ComparedRecord:
    then, now = dict(seen or ()), dict(bounded(present))
    facts = [ComparedFact(label_, then.get(label_, ""), now.get(label_, "")) for label_ in dict.fromkeys((*now, *then))]
    known = seen is not None
    filled = [each for each in facts if each.now or each.then]
    return ComparedRecord(name, sorted(filled, key=lambda each: known and not each.changed), known, last)


async def stale_page(request: Request, outdated: Outdated, beside: Beside = _NOTHING_BESIDE) -> Response:
    """Return the page about a form that rests on an older version, or names none (412, 428)."""
    form = await request.form()
    path, data = request.url.path, form.multi_items()
    sent = [
        (name, outdated.fields.get(name, value)) for name, value in data if isinstance(value, str) and name not in _OURS
    ]
    files = list(dict.fromkeys(name for name, value in data if isinstance(value, UploadFile) and value.filename))
    await form.close()
    page = page_in(form.get(PAGE_FIELD))
    needed = outdated.code is ProblemCode.VERSION_NEEDED
    records, present = await compared_records(request)
    if records and not needed:
        outdated = _of_version(outdated, present)
    if beside.elsewhere:
        records = [
            replace(each, facts=[fact for fact in each.facts if fact.label not in beside.elsewhere]) for each in records
        ]
    if beside.name:
        show_facts(request, beside.name, beside.facts)
        table = _compared(beside.heading, page.facts.get(beside.name), shown_facts(request)[beside.name], "")
        records.insert(0 if table.differs else len(records), table)
    show_versions(request, outdated)
    if not changed_at(request.app, path):
        sent.append((FIELD, outdated.version))
    sent += [(name, value) for name, value in outdated.fields.items() if name not in dict(sent)]
    button = page.button(path, sent)
    buttons = [Button(path, "", "", gettext(_SEND_AGAIN))] if button is None else [button]
    request.state.form_page = replace(page, buttons=buttons)
    answer = render(
        request,
        beside.template,
        outdated.status_code,
        title=gettext(PROBLEM_TYPES[outdated.code].title),
        detail=gettext("Nothing was saved. The form does not include the version that you saw.")
        if needed
        else detail_beside(outdated, records),
        records=[] if needed else records,
        last=next((each.last for each in records if each.last), ""),
        sent=[each for each in sent if beside.form is None or each[0] not in asked_names(beside.form)],
        written=[each for each in written(sent) if each[0] not in beside.unlisted],
        button=button,
        again=beside.button or _button_text(button.text if button is not None else "", needed=needed),
        possible=not outdated.refused,
        files=files,
        form_=beside.form or Form(),
        elsewhere=bool(beside.elsewhere),
        action=here(request),
        page=page.address or page_before(request),
        **beside.more,
    )
    answer.headers["ETag"] = f'"{outdated.version}"'
    return answer


def detail_beside(outdated: Outdated, records: Sequence[ComparedRecord]) -> str:
    """Return what the page says above records in both versions; it names the state where that has changed."""
    known = [each for each in records if each.known]
    if not known:
        return outdated.detail
    changes = dict.fromkeys(fact.label for each in known for fact in each.facts if fact.changed)
    return outdated.detail_of([label for label in changes if label != gettext("Last changed")])


def asked_names(form: Form) -> set[str]:
    """Return the names under which a form sends its fields."""
    return {
        part for each in form for part in (each.name, *(f"{each.name}-{unit}" for unit in ("day", "month", "year")))
    }


def outdated_by(refused: Refused | Outdated) -> Outdated:
    """Return a refusal of a form whose page showed something that has changed, as one of an older version.

    Raises a refusal for another reason, or of a form without a version.
    """
    if isinstance(refused, Outdated):
        if refused.code is ProblemCode.VERSION_NEEDED:
            raise refused
        return refused
    if refused.code is not ProblemCode.EDIT_CONFLICT:
        raise refused
    return Outdated(detail=refused.detail, refused=not refused.present, fields=refused.present)


def _button_text(words: str, *, needed: bool) -> str:
    """Return the words of the button that carries out the same action on the present version."""
    again = gettext(_SEND_AGAIN)
    if words in {"", again} or needed:
        return again
    return gettext("%(button)s all the same") % {"button": words}


async def refused_as_stale(request: Request, sentence: str) -> Outdated | None:
    """Return what is answered instead of a refusal (409) outside a transaction, if the form names an older version."""
    versions: RequestVersions | None = getattr(request.state, "versions", None)
    if versions is None or versions.settled or not versions.versions:
        return None
    async with service_of(request.app).bus.read() as session:
        outdated = await session.run_sync(lambda sync: versions.outdated(sync.connection()))
    if outdated is None or outdated.code is not ProblemCode.OUTDATED:
        return None
    return Outdated(outdated.version, detail=sentence, refused=True)


def _of_version(outdated: Outdated, version: str) -> Outdated:
    """Return the same refusal with the version that the page shows."""
    return Outdated(
        version,
        detail=outdated.detail,
        state=outdated.state,
        changed=outdated.changed,
        refused=outdated.refused,
        fields=outdated.fields,
    )


def written(sent: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what a person has written or chosen in a form, in words."""
    return [
        (name, _in_words(value))
        for name, value in sent
        if value and name not in {*_MACHINE_FIELDS, FIELD, PAGE_FIELD} and not _ID.match(value)
    ]


def _in_words(value: str) -> str:
    """Return what was sent as people read it: a code, such as that of a reason, in plain words."""
    return label(value) if _CODE.fullmatch(value) else value


def page_before(request: Request) -> str:
    """Return the path of the page of ours with the form, where the browser names it."""
    before = urlsplit(request.headers.get("referer", ""))
    ours = urlsplit(request.app.state.site.origin)
    return safe_next(before.path) if before.netloc == ours.netloc and before.path else ""
