"""Ask for a decision, carry it out and show the result: one component, for one case or for several.

`add_decision` gives a page that asks about one case, with what follows from it (GET), and carries it out (POST). What
is missing or refused is shown at its field, with all that was written. `add_bulk_decision` does the same for the cases
that are ticked in a list: one page names each and what will happen to it, the next what was done, and why the others
were left. Those that have changed meanwhile are shown in both versions, to be decided or left (`several.py`).
"""

# No `from __future__ import annotations` here: FastAPI reads the parameters of the routes at run time.
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from pydantic import ValidationError

from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.bus.db.records import ReadVersions
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.identity.confirmations import versions_below
from shared.identity.own_cases import own_case_of
from shared.identity.refusals import SAFE_METHODS
from shared.identity.state import service_of
from shared.identity.versions import (
    present_sentences,
    present_versions,
    read_versions,
    show_versions,
    state_in_words,
)
from shared.ids import read_id
from shared.web.forms import Form
from shared.web.render import render, see_other
from shared.web.several import (
    Comparison,
    Facts,
    about_several,
    changed_sentence,
    compared,
    comparison_page,
    left_by_choice,
    seen_by_reader,
    seen_text,
    without_choice,
)
from shared.web.stale_forms import compared_records, detail_beside
from shared.web.validation_texts import sentence_of

F = TypeVar("F", bound=Form)
F_co = TypeVar("F_co", bound=Form, covariant=True)
MOST = 50
"""The greatest number of cases decided at once: one page of a list."""
_SHOWN_AGAIN = (409, 422)
_MARK = 8
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Question:
    """The content of the page: its title, its button, the address it leads back to, and hints for the reader.

    `back_text` names where it leads back to. `follows` are the consequences, one a line. `obstacle` says why it cannot
    be decided; then there is no form. `final` adds that it cannot be undone, `warning` makes the button red. `done`
    says what was just done. `more` is for a `template` of the room, which extends `decision.html` by its blocks `facts`
    and `below` (always shown), `about`, `ask` (the form) and `fields`; `measure` is the width.
    """

    title: str
    button: str
    back: str
    back_text: str = ""
    caption: str = ""
    text: str = ""
    follows: Sequence[str] = ()
    obstacle: str = ""
    cancel: str = ""
    final: bool = False
    warning: bool = False
    done: str = ""
    template: str = "decision.html"
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecisionRequest(Generic[F_co]):
    """One request about one case: who makes it, the ids in its address by name, and the form.

    `words` are the parts of the address whose names do not end with "id", such as a country.
    """

    http: Request
    principal: Principal
    bus: Bus
    ids: Mapping[str, UUID]
    form: F_co
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The first id in the address: the case."""
        return next(iter(self.ids.values()))


@dataclass(frozen=True, slots=True)
class Decision(Generic[F]):
    """One decision on one case, or the form of one thing.

    `ask` returns the question, or an address where there is nothing to decide any more; `act` carries it out and
    returns the address of the page that says so, or a page that is shown only this once. A refusal without a field is
    shown at the field `at`, else at the top; values that a model of `act` does not take are refused at their fields.
    Refusals with another status than 409 and 422, and those after which there is nothing to decide any more, are
    answered as such: no change of the form can help. `new` makes the form that is shown first (with values that are
    known), `prepare` fills in choices before a form is shown or checked. `check` puts errors at the fields that only
    other facts show, so that they stand beside those that the form finds by itself. `query` are the dependencies that
    declare the parameters of its address (`shared/web/query.py:declared`).
    """

    path: str
    form: type[F]
    ask: Callable[[DecisionRequest[F]], Awaitable[Question | str]]
    act: Callable[[DecisionRequest[F]], Awaitable[str | Response]]
    at: str = ""
    new: Callable[[DecisionRequest[F]], Awaitable[F]] | None = None
    prepare: Callable[[DecisionRequest[F]], Awaitable[None]] | None = None
    check: Callable[[DecisionRequest[F]], Awaitable[None]] | None = None
    query: tuple[Any, ...] = ()


def add_decision(router: APIRouter, access: Any, decision: Decision[F]) -> None:
    """Add the page of a decision to the router. `access` is the parameter of a guard, such as `Coordinator`."""

    async def ask(request: Request, principal: access) -> Response:
        return await _ask(decision, _request_of(decision, request, principal, decision.form()))

    async def act(request: Request, principal: access) -> Response:
        try:
            return await _act(decision, _request_of(decision, request, principal, await decision.form.read(request)))
        finally:
            await request.close()  # and the files that were sent with the form

    _add(router, decision.path, ask, act, decision.query)


def _request_of(decision: Decision[F], request: Request, principal: Principal, form: F) -> DecisionRequest[F]:
    names = _PARAMETER.findall(decision.path)
    ids = _ids(request, [name for name in names if name.endswith("id")])
    words = {name: str(request.path_params[name]) for name in names if name not in ids}
    return DecisionRequest(request, principal, _bus(request), ids, form, words)


async def _ask(decision: Decision[F], request: DecisionRequest[F]) -> Response:
    if decision.new is not None:
        request = replace(request, form=await decision.new(request))
    if decision.prepare is not None:
        await decision.prepare(request)
    return await _question_page(decision, request)


async def _act(decision: Decision[F], request: DecisionRequest[F]) -> Response:
    if decision.prepare is not None:
        await decision.prepare(request)
    if await request.form.rows_changed(request.http) or not await _valid(decision, request):
        return await _question_page(decision, request, 422)
    try:
        done = await decision.act(request)
    except ValidationError as error:
        for problem in error.errors():
            request.form.refuse(str(problem["loc"][0]) if problem["loc"] else decision.at, sentence_of(problem))
        return await _question_page(decision, request, 422)
    except Outdated as outdated:
        return await _outdated_page(decision, request, outdated)
    except Refused as refused:
        request.form.take(refused, decision.at, statuses=_SHOWN_AGAIN)
        question = await decision.ask(request)
        if isinstance(question, str):
            raise
        return _render(question, request, refused.status_code)
    return see_other(done) if isinstance(done, str) else done


async def _valid(decision: Decision[F], request: DecisionRequest[F]) -> bool:
    valid = request.form.validate()
    if decision.check is not None:
        await decision.check(request)
    return valid and not request.form.problems()


async def _outdated_page(decision: Decision[F], request: DecisionRequest[F], outdated: Outdated) -> Response:
    """Show the form beside what is saved now, and the record in both versions; sent again, it rests on what is now."""
    for name, value in outdated.fields.items():
        if name in request.form:
            request.form[name].data = value
    question = await decision.ask(request)
    if isinstance(question, str) or outdated.refused or outdated.code is ProblemCode.VERSION_NEEDED:
        raise outdated
    request.form.records, present = await compared_records(request.http)
    saved = None if decision.new is None else await decision.new(request)
    if saved is not None and decision.prepare is not None:
        await decision.prepare(replace(request, form=saved))
    request.form.compare(detail_beside(outdated, request.form.records), saved)
    show_versions(request.http, Outdated(present) if present else outdated)
    return _render(question, request, outdated.status_code)


async def _question_page(decision: Decision[F], request: DecisionRequest[F], status: int = 200) -> Response:
    question = await decision.ask(request)
    if not isinstance(question, str):
        return _render(question, request, status)
    if request.http.method in SAFE_METHODS:
        return see_other(question)
    # What was sent is not done: the page says so, and does not go on as if it were.
    state = await state_in_words(request.http)
    text = gettext("It is now “%(state)s”, so this cannot be done.") if state else gettext("This cannot be done now.")
    raise Refused(text % {"state": state}, 409)


def _render(question: Question, request: DecisionRequest[F], status: int) -> Response:
    own_case = own_case_of(request.http)
    page_question = replace(question, obstacle=own_case) if own_case else question
    return render(
        request.http,
        page_question.template,
        status,
        question=page_question,
        form_=request.form,
        **dict(page_question.more),
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One ticked case as the pages name it: `text` says what will happen, what was done, or why it cannot be done.

    `facts` are the other fields of the case in words, which are compared where it has changed meanwhile.
    """

    id: UUID
    reference: str
    name: str
    state: Markup
    text: str
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """The ticked cases: those that can be decided (or were), and the others, each with the reason."""

    able: Sequence[Item]
    unable: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Ticked(Generic[F]):
    """One request about the ticked cases. `act` is the name of the decision, `back` what the list was filtered by.

    `read` are the cases with the versions in which the reader saw them.
    """

    request: Request
    principal: Principal
    bus: Bus
    act: str
    ids: Sequence[UUID]
    form: F
    read: ReadVersions
    back: str = ""


@dataclass(frozen=True, slots=True)
class BulkAct:
    """One decision on several cases: its form, its name for a single case, its button below the list, its question.

    `question` returns the question for so many cases. `warning` says whether its button is red, `meaning` explains the
    act. The other texts are marked with `N_`.
    """

    form: type[Form]
    name: str
    button: str
    question: Callable[[int], str]
    warning: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class BulkWords:
    """The words of the pages for the cases: none selected, so many, the button for so many, so many are done.

    `heads` are the heads of the first two columns: what `reference` and `name` of an `Item` are.
    """

    none: Callable[[], str]
    several: Callable[[int], str]
    button: Callable[[int, str], str]
    done: Callable[[int], str]
    heads: Callable[[], tuple[str, str]] = lambda: (gettext("Reference"), gettext("Name"))


@dataclass(frozen=True, slots=True)
class Result:
    """The result: the cases that were decided, and those that were left as they are.

    `changed` are the cases that were not as the reader saw them; those of them that were left are shown in both
    versions.
    """

    done: Sequence[UUID]
    left: Sequence[UUID]
    changed: Collection[UUID]


@dataclass(frozen=True, slots=True)
class BulkDecision:
    """The decisions on the ticked cases of one list.

    `preview` returns each case with what will happen or why nothing can, `decide` carries it out in one transaction,
    `outcome` returns those that were done and those that were left, with the reason. `acts` are the names that the
    reader may use; others are not found. `query` is the name under which the list sends the ids of the ticked cases,
    `record` the parameter under which addresses name one, `home` the address of a case without its id, `back` that of
    the list.
    """

    path: str
    done_path: str
    query: str
    record: str
    home: str
    acts: Mapping[str, BulkAct]
    words: BulkWords
    back: Callable[[str, str], str]
    preview: Callable[[Ticked[Any]], Awaitable[Items]]
    decide: Callable[[Ticked[Any]], Awaitable[Result]]
    outcome: Callable[[Ticked[Any], Sequence[UUID], Sequence[UUID]], Awaitable[Items]]
    may: Callable[[Principal, str], bool] = lambda _principal, _act: True


def add_bulk_decision(router: APIRouter, access: Any, bulk: BulkDecision) -> None:
    """Add the pages of a decision on several cases: the question, the decision and the result. `access` as above."""

    def act_of(principal: Principal, name: str) -> tuple[str, BulkAct]:
        only = next(iter(bulk.acts)) if len(bulk.acts) == 1 and not name else name
        if only not in bulk.acts or not bulk.may(principal, only):
            raise HTTPException(404)
        return only, bulk.acts[only]

    ticked_ids = Annotated[list[UUID], Query(alias=bulk.query, max_length=MOST)]
    many = Annotated[list[UUID], Query(max_length=MOST)]
    marks = Annotated[list[str], Query(max_length=MOST)]
    others = Annotated[list[UUID], Query(alias="done_left", max_length=MOST)]

    async def ask(
        request: Request,
        principal: access,
        act: str = "",
        ids: ticked_ids = [],  # noqa: B006 - FastAPI copies it
        back: str = "",
    ) -> Response:
        name, what = act_of(principal, act)
        read = await read_versions(request, bulk.record, ids)
        return await _bulk_page(bulk, Ticked(request, principal, _bus(request), name, ids, what.form(), read, back))

    async def decide(
        request: Request,
        principal: access,
        act: str = "",
        ids: ticked_ids = [],  # noqa: B006 - as above
        back: str = "",
    ) -> Response:
        name, what = act_of(principal, act)
        unwanted, open_ = await left_by_choice(request), await without_choice(request)
        chosen = [id_ for id_ in ids if id_ not in unwanted and id_ not in open_]
        read = await read_versions(request, bulk.record, chosen)
        ticked = Ticked(request, principal, _bus(request), name, chosen, await what.form.read(request), read, back)
        undecided = {id_: open_[id_] for id_ in ids if id_ in open_}
        answer = await _decide(bulk, ticked, [id_ for id_ in ids if id_ in unwanted], undecided)
        return see_other(f"{_path_below(router, bulk.done_path)}{answer}") if isinstance(answer, str) else answer

    async def decided(
        request: Request,
        principal: access,
        act: str = "",
        done: many = [],  # noqa: B006 - as above
        left: others = [],  # noqa: B006 - as above
        done_as: marks = [],  # noqa: B006 - as above
        back: str = "",
    ) -> Response:
        name, what = act_of(principal, act)
        if not done and not left:
            return see_other(bulk.back(name, back))
        read = await read_versions(request, bulk.record, [])
        ticked = Ticked(request, principal, _bus(request), name, [*done, *left], what.form(), read, back)
        items = await bulk.outcome(ticked, done, left)
        now = await _marks(bulk, request, done)
        same = {id_ for id_, then, mark in zip(done, done_as, now, strict=False) if then == mark}
        as_done = [item for item in items.able if item.id in same]
        return render(
            request,
            "decided.html",
            title=bulk.words.done(len(as_done)),
            items=Items(as_done, items.unable),
            changed=[replace(item, text=_changed()) for item in items.able if item.id not in same],
            home=bulk.home,
            heads=bulk.words.heads(),
            back=bulk.back(name, back),
        )

    _add(router, bulk.path, ask, about_several(decide, bulk.acts))
    router.add_api_route(bulk.done_path, decided, methods=["GET"])


async def _marks(bulk: BulkDecision, request: Request, ids: Sequence[UUID]) -> list[str]:
    """Return the last digits of each case's present version: enough to see that it has changed."""
    return [version[-_MARK:] for version in await versions_below(request, bulk.home, ids)]


def _changed() -> str:
    return gettext("Your decision was saved. The case has changed since then. Check its current state.")


async def _bulk_page(bulk: BulkDecision, ticked: Ticked[Any], status: int = 200) -> Response:
    items, what = await bulk.preview(ticked), bulk.acts[ticked.act]
    # What was sent again stays as the reader saw it: it belongs to the versions that were sent.
    seen = await seen_by_reader(ticked.request) if ticked.request.method not in SAFE_METHODS else {}
    seen = {item.id: _facts(bulk, item) for item in (*items.able, *items.unable)} | seen
    return render(
        ticked.request,
        "decide.html",
        status if ticked.ids else 422,
        question=what.question(len(items.able)),
        meaning=gettext(what.meaning) if what.meaning else "",
        button=bulk.words.button(len(items.able), gettext(what.name)),
        caption=bulk.words.several(len(items.able)),
        nothing_ticked=bulk.words.none(),
        warns=what.warning,
        ticked=ticked.ids,
        versions=ticked.read.versions,
        seen=seen_text({id_: facts for id_, facts in seen.items() if id_ in ticked.ids}),
        action=_address(bulk, ticked),
        items=items,
        home=bulk.home,
        heads=bulk.words.heads(),
        form_=ticked.form,
        back=bulk.back(ticked.act, ticked.back),
    )


async def _decide(
    bulk: BulkDecision, ticked: Ticked[Any], unwanted: Sequence[UUID], undecided: Mapping[UUID, Facts]
) -> str | Response:
    """Decide on the ticked cases; `unwanted` are those that the reader has chosen to leave.

    The `undecided` were compared and have no choice: they are left and shown again. Return the query of the page that
    says what was done, or a page that asks again.
    """
    result = Result((), (), ())
    if ticked.ids or not (unwanted or undecided):
        if not ticked.ids or not ticked.form.validate():
            return await _bulk_page(bulk, ticked, 422)
        try:
            result = await bulk.decide(ticked)
        except Refused as refused:
            ticked.form.take(refused, statuses=_SHOWN_AGAIN)
            return await _bulk_page(bulk, ticked, refused.status_code)
    left = [*result.left, *unwanted]
    changed = set(result.changed).intersection(left)
    if changed or undecided:
        shown = Result(result.done, [*left, *undecided], {*changed, *undecided})
        return await _changed_page(bulk, ticked, shown, undecided)
    found = {
        "act": ticked.act,
        "done": result.done,
        "done_left": left,
        "done_as": await _marks(bulk, ticked.request, result.done),
        "back": ticked.back,
    }
    return f"?{urlencode(found, doseq=True)}"


async def _changed_page(
    bulk: BulkDecision, ticked: Ticked[Any], result: Result, undecided: Mapping[UUID, Facts]
) -> Response:
    """Say what was done, and show both versions of each case that has changed, with a choice for each."""
    ids = [id_ for id_ in (*ticked.ids, *undecided) if id_ in result.changed]
    others = [id_ for id_ in result.left if id_ not in result.changed]
    what, seen = bulk.acts[ticked.act], {**await seen_by_reader(ticked.request), **undecided}
    # The versions are read first: a change while the page is made is found by its form.
    now = replace(ticked, ids=ids, read=await present_versions(ticked.request, bulk.record, ids))
    items, sentences = await bulk.preview(now), await present_sentences(ticked.request, now.read)
    able = {item.id for item in items.able}
    present = {item.id: (item, _facts(bulk, item)) for item in (*items.able, *items.unable)}
    changed = [
        compared(
            id_,
            " ".join(filter(None, (item.reference, item.name))),
            seen.get(id_),
            facts,
            href=f"{bulk.home}{id_}",
            sentences=(sentences[id_], "" if id_ in able else item.text),
            act=gettext(what.name) if id_ in able else "",
            hint=item.text,
        )
        for id_, (item, facts) in present.items()
    ]
    outcome = await bulk.outcome(ticked, result.done, others)
    done = [f"{bulk.words.done(len(result.done))}."] if result.done else []
    comparison = Comparison(
        gettext("Check what has changed"),
        (*done, changed_sentence(len(ids))),
        changed,
        gettext("Save choices") if able else "",
        _address(bulk, replace(ticked, ids=[id_ for id_ in ids if id_ in able])),
        bulk.back(ticked.act, ticked.back),
        seen_text({id_: facts for id_, (_, facts) in present.items() if id_ in able}),
        now.read.versions,
        form=ticked.form,
        warning=what.warning,
        done=outcome.able,
        left=outcome.unable,
        home=bulk.home,
        heads=bulk.words.heads(),
    )
    return comparison_page(ticked.request, comparison)


def _facts(bulk: BulkDecision, item: Item) -> list[tuple[str, str]]:
    """Return what the pages show of a case, and what else the reader decides on, in words."""
    reference, name = bulk.words.heads()
    happens = " ".join((item.text, *item.notes))
    return [
        (reference, item.reference),
        (name, item.name),
        (gettext("State"), item.state.striptags()),
        (gettext("What will happen"), happens),
        *item.facts,
    ]


def _address(bulk: BulkDecision, ticked: Ticked[Any]) -> str:
    """Return the address of the form about these cases, below the one that is shown."""
    return f"?{urlencode({'act': ticked.act, bulk.query: ticked.ids, 'back': ticked.back}, doseq=True)}"


def _add(
    router: APIRouter, path: str, ask: Callable[..., Any], act: Callable[..., Any], query: Sequence[Any] = ()
) -> None:
    router.add_api_route(path, ask, methods=["GET"], dependencies=query)
    router.add_api_route(path, act, methods=["POST"], dependencies=query)


def _path_below(router: APIRouter, path: str) -> str:
    return f"{router.prefix}{path}"


def _bus(request: Request) -> Bus:
    bus = service_of(request.app).bus
    assert isinstance(bus, Bus)
    return bus


def _ids(request: Request, names: Sequence[str]) -> dict[str, UUID]:
    """Return the ids in the address. Raises 404 for what is not an id."""
    found = {name: read_id(request.path_params[name]) for name in names}
    if any(value is None for value in found.values()):
        raise HTTPException(404)
    return {name: value for name, value in found.items() if value is not None}
