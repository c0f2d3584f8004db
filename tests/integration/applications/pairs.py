"""Try each pair of actions on a record, in both orders and at once, and note what does not agree."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import lxml.html

from services.applications.records import RECORDS
from shared.bus.db.journal import IN_ORDER
from shared.bus.db.records import NO_ROW, named, versions_by_record
from shared.contracts.lifecycle import TRANSITIONS, allowed
from shared.identity import csrf
from shared.identity.versions import FIELD, changes_record
from shared.ids import new_id
from shared.time import clock, dates
from tests.confirmed import rests_on_no_record
from tests.integration.applications.acts import ALIASES, API
from tests.integration.applications.truths import aim_of, facts_in, state_words, states_named
from tests.integration.applications.world import WORDS
from tests.pair_trial import both_versions, choice_in, hides_the_change, neither_choice_nor_reason
from tests.pairs import KeptDatabase
from tests.support import older, owner_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    import httpx2

    from shared.bus.db.records import Named
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.acts import Act
    from tests.integration.applications.conftest import Programme
    from tests.pairs import Moment

OWN = {"exchange.applications": "application", "exchange.offers": "offer", "mentoring.mentors": "mentor"}
"""The topics of aggregates whose state the portal owns, with their tables."""
SAME_NUMBER = {
    "ClearanceGiven": "SELECT count(*) FROM clearance WHERE granted",
    "ClearanceRefused": "SELECT count(*) FROM clearance WHERE NOT granted",
    "AnswerGiven": "SELECT count(*) FROM answer",
    "AgreementSigned": "SELECT count(*) FROM signature",
    "SessionConfirmed": "SELECT count(*) FROM session WHERE confirmed_at IS NOT NULL",
    "GoalClosed": "SELECT count(*) FROM goal WHERE met IS NOT NULL",
}
"""The query for the number of rows that the portal keeps of each of these events."""
UNASKED = "unasked"
"""The word of an action whose form stands on its page at other times only, or on another page."""
ONCE_MORE = "once more"
"""The word of an action that is another one when it is sent again, such as the next move of a question."""
CHANGED = ("The record has changed since you read it.", "Something has changed since you opened the page")
"""The sentences about an older version: of one record, and of those in a form about several."""
Fields = dict[str, list[str]]
"""The values that a form sends, by the names of its fields."""


def done(answer: httpx2.Response) -> bool:
    """Return whether an action was answered as done: by API with 2xx, by a form also with a way onward.

    A decision on several records says on the next page which it has left.
    """
    onward = answer.headers.get("location", "")
    return answer.status_code < 400 and ("done_left=" not in onward or "done=" in onward)


def words_of(answer: httpx2.Response) -> str:
    """Return what an answer says: the sentences of a problem, or the text of a page without its frame."""
    if "json" in answer.headers.get("content-type", ""):
        problem = answer.json()
        return " ".join([problem.get("detail", ""), *(error["detail"] for error in problem.get("errors", ()))])
    if not answer.text:
        return ""
    page: Any = lxml.html.document_fromstring(answer.text)
    for hidden in page.xpath("//script | //style | //svg"):
        hidden.drop_tree()
    main = page.xpath("//main")
    return " ".join((main[0] if main else page).text_content().split())


@dataclass(kw_only=True)
class Trial(KeptDatabase):
    """A record in a state to which the database returns after each pair."""

    abroad: Abroad
    ids: dict[str, str]
    strict: bool = False
    near: int = 0
    wrong: list[str] = field(default_factory=list)
    forms: dict[Act, Fields] = field(default_factory=dict)
    """The values that the forms of the pages send, which were opened before the first action."""
    pairs: int = 0

    @property
    def programme(self) -> Programme:
        """The programme."""
        return self.abroad.of

    async def open_all(self, acts: Iterable[Act]) -> None:
        """Open the pages of these actions."""
        for act in acts:
            if act.on is not None and self.able(act):
                await self.open(act)

    async def _read(self, *queries: str) -> list[Sequence[Any]]:
        """Return the rows of several queries, which see the same state."""
        async with self.owner.engine.begin() as connection:
            return [(await connection.exec_driver_sql(query)).all() for query in queries]

    def filled(self, text: str) -> str:
        """Return a text with the ids of the scene in the places of their names."""
        return re.sub(r"{(\w+)}", lambda found: {**WORDS, **self.ids}.get(found[1], found[0]), text)

    def address(self, act: Act) -> str:
        """Return the address of an action."""
        return ("" if act.on is not None else API) + self.filled(act.path)

    def able(self, act: Act) -> bool:
        """Return whether the scene has every record that the action names."""
        return set(act.names) <= {*WORDS, *self.ids}

    def _names(self, act: Act) -> dict[str, str]:
        """Return the ids that an action names, by the parameters of their kinds."""
        return {ALIASES.get(name, name): self.ids[name] for name in act.names if name in self.ids}

    def _record(self, act: Act) -> Named | None:
        """Return the innermost record that an action changes."""
        names = list(act.names)
        path = act.path if "{" in act.path else act.on or act.path
        for alias, parameter in ALIASES.items():
            path = path.replace(f"{{{alias}}}", f"{{{parameter}}}")
        if not changes_record(RECORDS, path):
            return None
        pairs = zip(["", *names], names, strict=False)
        for before, name in reversed(list(pairs)):
            section = RECORDS.by_parameter.get(f"{before}/{name}")
            if section is not None:
                outer = RECORDS.by_parameter[before]
                kind = f"{before.removesuffix('_id')}-{name}"
                return named(section, kind, outer.read(self.ids[before]), self.filled(f"{{{name}}}"))
            parameter = ALIASES.get(name, name)
            if parameter in RECORDS.by_parameter:
                record = RECORDS.by_parameter[parameter]
                return named(record, parameter.removesuffix("_id"), record.read(self.ids[name]))
        return None

    async def versions(self, acts: Iterable[Act]) -> dict[Act, str | None]:
        """Return the present version of the innermost record that each action names."""
        records = {act: self._record(act) for act in acts}
        async with self.programme.app.state.service.bus.read() as session:
            found = await versions_by_record(session, {each for each in records.values() if each is not None})
        return {act: None if record is None else found[record] for act, record in records.items()}

    async def open(self, act: Act) -> bool:
        """Open the page of an action, keep what its form would send, and return whether the form is there."""
        assert act.on is not None
        address = self.filled(act.on)
        page = await self.programme.as_(act.who).get(address, follow_redirects=True)
        if "<form" not in page.text:
            return False
        opened: Any = lxml.html.document_fromstring(page.text)
        for form in opened.iter("form"):
            own = [form.get("action") or "", *(value for name, value in form.items() if name.startswith("data-"))]
            targets = [*own, *(each.get("formaction") for each in form.iter("button", "input"))]
            here = str(page.url)
            if self.address(act) in {urlsplit(urljoin(here, each)).path for each in targets if each is not None}:
                sent: Fields = {}
                for name, value in form.form_values():
                    sent.setdefault(name, []).append(value)
                self.forms[act] = sent
                return True
        return False

    async def send(self, act: Act, version: str | None) -> httpx2.Response:
        """Send an action with a version."""
        client = self.programme.as_(act.who)
        if act.on is not None:
            fields = {
                name: values for name, values in self.forms.get(act, {}).items() if name not in {FIELD, csrf.FIELD}
            }
            typed = {self._typed(name): values for name, values in (act.body or {}).items()}
            fields |= {name: [self._typed(each) for each in values] for name, values in typed.items()}
            # An address with a query: the records of a decision on several.
            at = self.address(act) + ("?" + self.filled(act.on).partition("?")[2] if "{" not in act.path else "")
            return await client.post(at, data=fields | ({} if version is None else {FIELD: [version]}))
        body = act.body
        if body is not None:
            body = json.loads(self._typed(json.dumps(body)))
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return await client.request(act.method, self.address(act), json=body, headers=headers)

    def _typed(self, text: str) -> str:
        for name in ("FIRST", "LINES"):
            text = text.replace(name, self.ids.get(name, name))
        return self.filled(text)

    def find(self, what: str, *acts: Act, answer: httpx2.Response | None = None) -> None:
        """Note a finding."""
        said = "" if answer is None else f" [{answer.status_code} {words_of(answer)[:160]}]"
        self.wrong.append(f"{', then '.join(map(str, acts))}: {what}{said}")

    async def check_whole(self, *acts: Act) -> None:
        """Check that the journal, folded by the contracts' table, gives the states that the tables hold."""
        targets = {(row.event, source): row.target for row in TRANSITIONS for source in row.sources or (None,)}
        tables = " UNION ALL ".join(f"SELECT '{topic}', id::text, state FROM {name}" for topic, name in OWN.items())
        topics = ", ".join(f"'{topic}'" for topic in OWN)
        counts = " UNION ALL ".join(
            f"SELECT '{event}', ({query}), (SELECT count(*) FROM journal WHERE type = '{event}')"
            for event, query in SAME_NUMBER.items()
        )
        stored, facts, numbers = await self._read(
            tables,
            "SELECT aggregatetype, aggregateid, type, CASE WHEN payload::jsonb ->> 'outcome' = 'unplaced_at_close'"
            " THEN 'unplaced' ELSE payload::jsonb ->> 'state' END AS state FROM journal"
            f" WHERE aggregatetype IN ({topics}) ORDER BY {IN_ORDER}",
            counts,
        )
        states = {(topic, subject): state for topic, subject, state in stored}
        story: dict[tuple[str, str], str] = dict.fromkeys(states, "draft")
        for topic, subject, event, said in facts:
            if (topic, subject) in story:
                before = story[topic, subject]
                if not allowed(event, before):
                    self.find(f"{event} came in {before}", *acts)
                story[topic, subject] = said or targets.get((event, before)) or before
        if story != states:
            self.find(f"the events lead to {story}, the tables hold {states}", *acts)
        for event, kept, published in numbers:
            if kept != published:
                self.find(f"{published} events {event}, {kept} rows", *acts)

    def check(self) -> None:
        """Raise `AssertionError` for what does not agree, or where no pair was tried."""
        assert not self.wrong, f"{len(self.wrong)} of {self.pairs} pairs:\n" + "\n".join(dict.fromkeys(self.wrong))
        assert self.pairs

    async def try_all(self, acts: Sequence[Act], before: Moment) -> None:
        """Try each pair of these actions from the present state, of which `before` is the copy."""
        acts = [act for act in acts if self.able(act)]
        versions = await self.versions(acts)
        possible: list[Act] = []
        results: dict[tuple[Act, Act], list[Counter[str]]] = {}
        for act in acts:
            answer = await self.send(act, versions[act])
            if answer.status_code >= 500:
                self.find("failed", act, answer=answer)
            now = await self.moment()
            if now.changed(before):
                possible.append(act)
                if not done(answer):
                    self.find("wrote although it is refused", act, answer=answer)
                if (said := rests_on_no_record(self.programme.app, answer)) and "done_as=" not in said:
                    self.find(f"says {said} for no record", act)
                if act.on is not None and act not in self.forms and act.word != UNASKED:
                    self.find("is possible, and its page has no form for it", act)
                await self.check_whole(act)
            if done(answer):
                await self._check_effect(act, answer=answer, written=bool(now.changed(before)))
            await self.restore(before, now)
            version = versions[act]
            if self.strict and act in possible and act in self.forms and "{" in act.path and version is not None:
                await self._choose_later(act, version, before)
        for first in possible:
            seconds = self._seconds(first, acts)
            await self._in_turn(before, versions, first, seconds, results)
        for number, first in enumerate(possible):
            # By API each pair; of the forms, which do the same, each with itself and with the next one.
            last = len(possible) if first.on is None else number + 1 if self.near else number + 2
            for second in filter(first.shares_record, possible[number:last]):
                await self._at_once(before, versions, results, first, second)

    def _seconds(self, first: Act, acts: Sequence[Act]) -> list[Act]:
        """Return the actions that are tried after a first one: all, or itself, its opposites and some `near` it."""
        place = acts.index(first)
        near = {*acts[place : place + self.near + 1], *acts[: max(0, place + self.near + 1 - len(acts))]}
        last = first.path.rsplit("/", 1)[-1]
        return [
            act
            for act in acts
            if first.shares_record(act) and (not self.near or act in near or act.path.rsplit("/", 1)[-1] == last)
        ]

    async def try_missing(self, acts: Sequence[Act], before: Moment) -> None:
        """Send each action to an innermost record that is not there: it is not found, with a version or without."""
        for act in filter(self.able, acts):
            names = [
                name
                for name in act.names
                if (kind := ALIASES.get(name, name)) in RECORDS.by_parameter and "_id" in kind
            ]
            if not names or "{" not in act.path:
                continue
            known = self.ids[names[-1]]
            self.ids[names[-1]] = str(new_id())
            version = (await self.versions([act]))[act]
            for each in dict.fromkeys((None, version)):
                answer = await self.send(act, each)
                if answer.status_code != 404:
                    self.find("is answered where the record is missing", act, answer=answer)
            self.ids[names[-1]] = known
        if changed := (await self.moment()).changed(before):
            self.wrong.append(f"{changed} changed for records that are missing")

    async def _do(self, before: Moment, version: str | None, act: Act) -> Moment:
        """Do the first action of a pair."""
        answer = await self.send(act, version)
        after = await self.moment()
        if not done(answer) or not after.changed(before):
            self.find("was possible before", act, answer=answer)
        return after

    async def _in_turn(
        self,
        before: Moment,
        versions: dict[Act, str | None],
        first: Act,
        seconds: Sequence[Act],
        results: dict[tuple[Act, Act], list[Counter[str]]],
    ) -> None:
        """Do one action, then others, with the older and with the present version; note what each pair led to."""
        after = await self._do(before, versions[first], first)
        await self.keep_later(after)
        present = await self.versions(seconds)
        for second in seconds:
            results[first, second] = [after.shape]
            self.pairs += 1
            if versions[second] != present[second]:
                answer = await self.send(second, versions[second])
                await self._judge(answer, first, second)
                if answer.status_code == 412 and second.on is not None and not both_versions(answer):
                    self.find("is answered without both versions", first, second, answer=answer)
                elif answer.status_code == 412 and second.on is not None and hides_the_change(answer):
                    self.find("is answered without what has changed", first, second, answer=answer)
                elif answer.status_code == 412 and second.on is not None and neither_choice_nor_reason(answer):
                    self.find("is answered with neither a choice nor a reason", first, second, answer=answer)
                now = await self.moment() if done(answer) else after
                gone = answer.status_code == 404 and str(present[second]).endswith(f".{NO_ROW}")
                if self.strict and second == first and not done(answer) and not gone and first.word != ONCE_MORE:
                    self.find("is not answered as the first time", first, answer=answer)
                if now.changed(after):
                    self.find(f"wrote {now.changed(after)} although it is stale", first, second, answer=answer)
                    await self.restore(after, now)
                elif done(answer):
                    await self._check_effect(first, second, answer=answer, written=False)
        for second in seconds:
            answer = await self.send(second, present[second])
            await self._judge(answer, first, second)
            if not done(answer):
                continue
            now = await self.moment()
            await self._check_effect(first, second, answer=answer, written=bool(now.changed(after)))
            if now.changed(after):
                results[first, second].append(now.shape)
                await self.check_whole(first, second)
                await self.restore(after, now)
        now = await self.moment()
        if now.changed(after):
            self.find(f"one of those that were refused after it wrote {now.changed(after)}", first)
        await self.restore(before, now)

    async def _choose_later(self, act: Act, version: str, before: Moment) -> None:
        """Send a form with an older version: both versions are shown, and it is done when that is chosen there."""
        answer = await self.send(act, older(version))
        if answer.status_code != 412 or not both_versions(answer):
            self.find("is stale and answered without both versions", act, answer=answer)
            return
        now = await self.moment()
        if now.changed(before):
            self.find(f"wrote {now.changed(before)} although it is stale", act, answer=answer)
        sent, typed = choice_in(answer), {self._typed(name): values for name, values in (act.body or {}).items()}
        if sent is not None:
            sent |= {name: [self._typed(each) for each in values] for name, values in typed.items()}
        chosen = None if sent is None else await self.programme.as_(act.who).post(str(answer.request.url), data=sent)
        now = await self.moment()
        if chosen is None or not done(chosen) or not now.changed(before):
            self.find("is not done when it is chosen on the present version", act, answer=chosen or answer)
        await self.restore(before, now)

    async def _check_effect(self, *acts: Act, answer: httpx2.Response, written: bool) -> None:
        """Check that what was answered as done has had its effect, or that what it is for was so already."""
        aim = aim_of(acts[-1].who, acts[-1].path, acts[-1].word, acts[-1].does)
        if aim:
            ((reached,),) = await self.run(aim.format(**{**self.ids, **self._names(acts[-1])}))
            if not reached:
                self.find("is answered as done, and it is not so", *acts, answer=answer)
        elif not (written or (len(acts) > 1 and acts[-1].is_again(acts[0]))):
            self.find("is answered and has no effect", *acts, answer=answer)

    async def _judge(self, answer: httpx2.Response, first: Act, second: Act) -> None:
        """Check that the second action does not fail, and that a refusal says what is true now."""
        if answer.status_code >= 500:
            self.find("failed", first, second, answer=answer)
        if answer.status_code not in {409, 412}:
            return
        text = words_of(answer)
        if not text:
            self.find("is refused without a sentence", first, second, answer=answer)
        if not self.strict:
            return
        states = states_named(self._names(second))
        facts = list(facts_in(text))
        rows = await self._read(*(query for _, query in states), *facts)
        found = [row[0][0] if row else None for row in rows]
        words = {
            word for (kind, _), code in zip(states, found, strict=False) if code for word in state_words(kind, code)
        }
        if not all(found[len(states) :]):
            self.find("gets an answer that is not true", first, second, answer=answer)
        elif not facts and not any(word in text for word in words) and not self._shows_change(second, text):
            self.find(f"gets an answer without the present state ({words})", first, second, answer=answer)

    def _shows_change(self, act: Act, text: str) -> bool:
        """Return whether a refusal says that a record without states was changed, and when: on this day."""
        record = self._record(act)
        if not any(words in text for words in CHANGED) or (record is not None and record.record.state is not None):
            return False
        if record is None and CHANGED[0] in text:
            return True
        return re.search(f"last changed (it )?on {dates.day(clock.now())}", text) is not None

    async def _at_once(
        self,
        before: Moment,
        versions: dict[Act, str | None],
        results: dict[tuple[Act, Act], list[Counter[str]]],
        first: Act,
        second: Act,
    ) -> None:
        """Send two actions at the same moment; the result is that of one order."""
        self.pairs += 1
        answers = await asyncio.gather(self.send(first, versions[first]), self.send(second, versions[second]))
        now = await self.moment()
        if any(answer.status_code >= 500 for answer in answers) or not any(map(done, answers)):
            self.find(f"at once: {[(answer.status_code, words_of(answer)[:200]) for answer in answers]}", first, second)
        if now.shape not in [*results[first, second], *results[second, first]]:
            orders = [*results[first, second], *results[second, first]]
            apart = min(((now.shape - order) + (order - now.shape) for order in orders), key=len)
            self.find(f"at once leads to what no order leads to: {dict(apart)}", first, second)
        await self.check_whole(first, second)
        await self.restore(before, now)


async def try_scene(
    abroad: Abroad,
    ids: dict[str, str],
    acts: Sequence[Act],
    *,
    strict: bool = False,
    near: int = 0,
) -> Trial:
    """Try each pair of these actions on the records with these ids; return what was found.

    `strict` also checks that the same action again is answered as the first time, that refusals name the present state,
    and that records which are missing are not found. With `near`, only that many of the next actions in the table, and
    those with the same last word, come second. An action that changes nothing is done already, by its aim.
    """
    for who in sorted({act.who for act in acts}):
        await abroad.get(who, "/calls")  # the first request of a session notes when it was used
    async with owner_of(abroad.of.app.state.service.bus) as owner:
        trial = Trial(owner=owner, abroad=abroad, ids=ids, strict=strict, near=near)
        await trial.open_all(acts)
        before = await trial.keep()
        await trial.try_all(acts, before)
        if strict:
            await trial.try_missing(acts, before)
    return trial
