"""Write, change and retire questions; compose, publish and close tests."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.assessments.actions.sittings import ask_before
from services.reporting.assessments.model import bank as model
from services.reporting.assessments.store import bank as store
from services.reporting.assessments.store import sittings
from services.reporting.assessments.views.bank import all_versions, one_test
from services.reporting.cases import views as cases_views
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id, read_id
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.assessments.model.bank import Draft, Question, Test
    from shared.bus import Bus
    from shared.identity import Principal


async def write(bus: Bus, principal: Principal, draft: Draft) -> Question:
    """Add a question to the bank, or return the same one by the same person. Raises `Refused` (422)."""
    async with bus.transaction(principal.subject) as tx:
        with _as_refusal():
            made = model.question(draft, id=new_id(), version=1, author=principal.subject, at=clock.now())
        await store.lock(tx.session)
        for known in (await store.bank(tx.session, made.topic)).values():
            if (known.content, known.author) == (made.content, made.author):
                return known
        await store.add(tx.session, made)
    return made


async def change(bus: Bus, principal: Principal, question_id: str, draft: Draft, seen: int) -> Question:
    """Write the next version of a question, after the one that was read (`seen`); the same again changes nothing.

    Raises `Refused` (404, 409, 422).
    """
    async with bus.transaction(principal.subject) as tx:
        now = await _locked(tx.session, question_id)
        with _as_refusal():
            made = model.question(draft, id=now.id, version=now.version + 1, author=principal.subject, at=clock.now())
        if (now.content, now.author) == (made.content, made.author):
            return now
        if now.version != seen:
            sentence = gettext("This question was changed on %(when)s, after you opened it. Open it again.")
            present = {"version": str(now.version)}
            raise Refused(sentence % {"when": moment(now.at)}, code=ProblemCode.EDIT_CONFLICT, present=present)
        if now.retired_at is not None:
            sentence = gettext("This question was retired on %(when)s. Return it to use before you change it.")
            raise Refused(sentence % {"when": moment(now.retired_at)}, code=ProblemCode.STEP_MISSING)
        if made.topic != now.topic and await store.used(tx.session, now.id):
            sentence = gettext("This question is in a test on its topic. Write another question for another topic.")
            raise Refused(sentence, 422, {"topic": sentence})
        await store.add(tx.session, made)
    return made


async def retire(bus: Bus, principal: Principal, question_id: str) -> Question:
    """Retire a question; tests that have it keep it. The same person's second click changes nothing.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        now = await _locked(tx.session, question_id)
        if now.retired_at is not None and now.retired_by != principal.subject:
            sentence = gettext("This question was retired on %(when)s.") % {"when": moment(now.retired_at)}
            raise Refused(sentence, code=ProblemCode.ALREADY_DONE)
        if now.retired_at is not None:
            return now
        await store.retire(tx.session, now.id, clock.now(), principal.subject)
        return (await store.versions(tx.session, now.id))[0]


async def restore(bus: Bus, principal: Principal, question_id: str) -> Question:
    """Return a retired question to use; one that is in use stays so. Raises `Refused` (404)."""
    async with bus.transaction(principal.subject) as tx:
        now = await _locked(tx.session, question_id)
        if now.retired_at is None:
            return now
        await store.retire(tx.session, now.id, None, None)
        return (await store.versions(tx.session, now.id))[0]


async def drop(bus: Bus, principal: Principal, question_id: str) -> None:
    """Delete a question that is in no test. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        now = await _locked(tx.session, question_id)
        if await store.used(tx.session, now.id):
            raise Refused(gettext("This question is in a test, so you cannot delete it. Retire it instead."), 409)
        await store.drop(tx.session, now.id)


async def begin(bus: Bus, principal: Principal, title: str, topic: str, call: str) -> Test:
    """Begin a test on a topic, for one call or (an empty `call`) for all.

    A draft without questions that the same person has begun so already is returned. Raises `Refused` (422).
    """
    async with bus.transaction(principal.subject) as tx:
        with _as_refusal():
            made = model.test(title, topic, None, id=new_id(), author=principal.subject, at=clock.now())
        if call:
            known = {str(id_): id_ for id_, _ in await cases_views.calls(tx.session)}
            if call not in known:
                sentence = gettext("Select one of the calls, or all of them")
                raise Refused(sentence, 422, {"call": sentence})
            made = model.for_call(made, known[call])
        await sittings.lock(tx.session, alone=True)
        for begun in await store.tests(tx.session):
            if replace(made, id=begun.id, at=begun.at) == begun:
                return begun
        await store.keep(tx.session, made)
    return made


async def compose(bus: Bus, principal: Principal, test_id: str, before: Sequence[str], after: Sequence[str]) -> Test:
    """Choose the questions of a draft, by their ids. Raises `Refused` (404, 409, 422)."""
    async with bus.transaction(principal.subject) as tx:
        test = await _locked_test(tx.session, test_id)
        with _as_refusal():
            bank = await store.bank(tx.session, test.topic)
            made = model.composed(
                test, [_id(question_id) for question_id in before], [_id(question_id) for question_id in after], bank
            )
        if made != test:
            await store.keep(tx.session, made)
    return made


async def publish(bus: Bus, principal: Principal, test_id: str) -> tuple[Test, int]:
    """Publish a test, also to guests whose visit is to come; return it and how many these are.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(principal.subject) as tx:
        test = await _locked_test(tx.session, test_id)
        bank = await store.bank(tx.session, test.topic)
        with _as_refusal():
            made = model.published(test, bank, principal.subject, clock.now())
        if made == test:
            return test, 0
        await store.keep(tx.session, made, bank)
        to_come = await sittings.to_come(tx.session, made, clock.today())
        count = await ask_before(tx, {case.id: (case, made.id) for case in to_come})
    return made, count


async def close(bus: Bus, principal: Principal, test_id: str) -> Test:
    """Close a test; guests who were asked may still take it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        test = await _locked_test(tx.session, test_id)
        with _as_refusal():
            made = model.closed(test, principal.subject, clock.now())
        if made != test:
            await store.keep(tx.session, made)
    return made


async def remove(bus: Bus, principal: Principal, test_id: str) -> None:
    """Delete a test that was never published. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        test = await _locked_test(tx.session, test_id)
        if test.state is not model.TestState.DRAFT:
            sentence = gettext("The test was published on %(when)s, so you cannot delete it. Close it instead.")
            raise Refused(sentence % {"when": moment(test.published_at)}, 409)
        await store.remove(tx.session, test)


async def _locked(session: AsyncSession, question_id: str) -> Question:
    await store.lock(session)
    return (await all_versions(session, question_id))[0]


async def _locked_test(session: AsyncSession, test_id: str) -> Test:
    # First the bank, then the tests: always in this order, against deadlocks.
    await store.lock(session)
    await sittings.lock(session, alone=True)
    return await one_test(session, test_id)


def _id(text: str) -> UUID:
    """Return the id of a question in the bank; an unreadable one is none of them."""
    return read_id(text) or UUID(int=0)


@contextmanager
def _as_refusal() -> Iterator[None]:
    """Turn what the model refuses into `Refused`, with its texts in the reader's language."""
    try:
        yield
    except model.Invalid as problem:
        fields = {name: gettext(text) for name, text in problem.fields.items()}
        raise Refused(" ".join(f"{each}." for each in fields.values()), 422, fields) from None
    except model.NotNow as problem:
        raise Refused(str(problem), code=problem.code) from None
