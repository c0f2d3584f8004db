"""Try each pair of actions on a service's records: in both orders and at once, with older and with present versions.

After each pair the database returns to where it was (`tests/pairs.py`). For each the answers, the rows and the events
have to agree, and a refusal has to say what is true since the first of the two.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import lxml.html

from shared.bus.db.records import named, version_of
from shared.identity import csrf, every_route
from shared.identity.versions import FIELD, changes_record, service_records
from shared.time import clock, dates
from tests.confirmed import rests_on_no_record
from tests.pairs import WRITING
from tests.support import older

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    import httpx2
    from fastapi import FastAPI

    from shared.bus.db.records import Named
    from tests.pairs import KeptDatabase, Moment

COUNTED = r"^done_left=\d+$"
"""The number of dead letters that a decision has left at that moment."""
API = re.compile(r"/[a-z]+/(api|internal)/")


@dataclass(frozen=True)
class Act:
    """An action of a person on a record: a route with its parameters, and the body of a program or the form of a page.

    A body that depends on the scene is a function of its ids. Two acts of one person with the same `what` are the same
    action. `says` is what every refusal says once this has been done (a regular expression); `but` is another reason
    for which this action itself may be refused. `record` is one that no address names. What is not done `once` is
    written each time, such as a draft. `aim` is a query that is true where that is so which the action is to bring
    about: it is true after each answer that it is done, and only then may the action have found nothing to do. An
    action without it has an effect, unless the same person has just done the same.
    """

    who: str
    route: str
    what: str
    body: Any = field(default=None, hash=False, compare=False)
    at: Mapping[str, str] = field(default_factory=dict, hash=False)
    method: str = "POST"
    says: str = "^$"
    but: str = "^$"
    query: str = ""
    record: Named | None = field(default=None, hash=False)
    once: bool = True
    aim: str = field(default="", hash=False)

    def __str__(self) -> str:
        """Return it as a finding names it."""
        return f"{self.who} {self.what} ({self.method} {self.route})"

    def same(self, other: Act) -> bool:
        """Return whether both are the same action of the same person."""
        return (self.who, self.what) == (other.who, other.what)


def writing_routes(app: FastAPI) -> set[tuple[str, str]]:
    """Return the routes of an app that write: method and address."""
    return {
        (method, str(route.path_format))
        for route, _ in every_route(app)
        for method in set(route.methods or ()) & WRITING
    }


@dataclass
class PairTrial:
    """Records in a state to which the database returns after each pair.

    `ids` are the values of parameters by name. `whole` returns what in the database does not agree with the events,
    `truth` what a refusal may say of the present state (a regular expression). `lasting` are the words of redirects
    that no later action makes untrue (a regular expression).
    """

    app: FastAPI
    kept: KeptDatabase
    clients: Mapping[str, httpx2.AsyncClient]
    ids: Mapping[str, str]
    whole: Callable[[KeptDatabase], Awaitable[list[str]]]
    apart: Collection[str] = ()
    truth: Callable[[KeptDatabase], Awaitable[str]] | None = None
    lasting: str = COUNTED
    wrong: list[str] = field(default_factory=list)
    pairs: int = 0

    def _parameters(self, act: Act) -> dict[str, str]:
        return {name: act.at.get(name) or self.ids[name] for name in re.findall(r"{(\w+)}", act.route)}

    async def version(self, act: Act) -> str | None:
        """Return the present version of the innermost record that an action names."""
        if act.record is not None:
            async with self.app.state.service.bus.read() as session:
                return await version_of(session, act.record)
        records = service_records(self.app)
        if not changes_record(records, act.route):
            return None
        name, value = [each for each in self._parameters(act).items() if each[0] in records.by_parameter][-1]
        record = records.by_parameter[name]
        read = record.read(value)
        if read is None:
            return None
        async with self.app.state.service.bus.read() as session:
            return await version_of(session, named(record, name.removesuffix("_id"), read))

    async def send(self, act: Act, version: str | None) -> httpx2.Response:
        """Send an action with a version."""
        address = act.route.format(**self._parameters(act)) + act.query
        body = act.body(self.ids) if callable(act.body) else act.body
        client = self.clients[act.who]
        if API.match(act.route):
            if act.record is not None and "version" in body:
                body = body | {"version": version}
            headers = {} if version is None else {"If-Match": f'"{version}"'}
            content = {"content": body} if isinstance(body, bytes) else {"json": body}
            return await client.request(act.method, address, headers=headers, **content)
        form = {**(body or {}), **({} if version is None else {FIELD: version})}
        files = {name: form.pop(name) for name, value in list(form.items()) if isinstance(value, bytes)}
        return await client.request(act.method, address, data=form, files=files or None)

    def find(self, what: str, *acts: Act, answer: httpx2.Response | None = None) -> None:
        """Note a finding."""
        said = "" if answer is None else f" [{answer.status_code} {_sentence(answer)[:300]}]"
        self.wrong.append(f"{', then '.join(map(str, acts))}: {what}{said}")

    async def _check_whole(self, *acts: Act) -> None:
        for problem in await self.whole(self.kept):
            self.find(problem, *acts)

    def _changed(self, now: Moment, before: Moment) -> set[str]:
        return now.changed(before) - set(self.apart)

    async def try_all(self, acts: Sequence[Act]) -> None:
        """Try each pair from the present state."""
        before = await self.kept.keep()
        versions = {act: await self.version(act) for act in acts}
        possible: list[Act] = []
        results: dict[tuple[Act, Act], list[Counter[str]]] = {}
        for act in acts:
            answer = await self.send(act, versions[act])
            if answer.status_code >= 500:
                self.find("failed", act, answer=answer)
            now = await self.kept.moment()
            written = self._changed(now, before)
            if _done(answer) and written:
                possible.append(act)
                await self._check_whole(act)
            if _done(answer):
                await self._check_effect(act, answer=answer, written=written)
                self._check_confirmation(act, answer)
            elif written:
                self.find(f"wrote {written} although it is refused", act, answer=answer)
            if act in possible:
                await self.kept.keep_later(now)
                for second in acts:
                    results[act, second] = await self._in_turn(versions, act, second, now)
            await self.kept.restore(before, now)
            version = versions[act]
            if act in possible and version is not None and not API.match(act.route):
                await self._choose_later(act, version, before)
        for number, first in enumerate(possible):
            for second in possible[number:]:
                await self._at_once(versions, results, first, second, before)

    async def _in_turn(
        self, versions: dict[Act, str | None], first: Act, second: Act, after: Moment
    ) -> list[Counter[str]]:
        """Do an action after another one, with the older and with the present version; return what each led to.

        `after` is the moment after the first one, to which the database returns.
        """
        self.pairs += 1
        shapes = [after.shape]
        present = await self.version(second)
        now = after
        for version in dict.fromkeys((versions[second], present)):
            answer = await self.send(second, version)
            now = await self.kept.moment()
            written = self._changed(now, after)
            await self._judge(first, second, answer, written, stale=version != present)
            shapes.append(now.shape)
            if written:
                await self._check_whole(first, second)
                break
        await self.kept.restore(after, now)
        return shapes

    async def _choose_later(self, act: Act, version: str, before: Moment) -> None:
        """Send a form with an older version: both versions are shown, and it is done when that is chosen there."""
        answer = await self.send(act, older(version))
        if answer.status_code != 412 or not both_versions(answer):
            self.find("is stale and answered without both versions", act, answer=answer)
            return
        sent = choice_in(answer)
        chosen = None if sent is None else await self.clients[act.who].post(str(answer.request.url), data=sent)
        now = await self.kept.moment()
        if chosen is None or not _done(chosen) or not self._changed(now, before):
            self.find("is not done when it is chosen on the present version", act, answer=chosen or answer)
        await self.kept.restore(before, now)

    async def _judge(self, first: Act, second: Act, answer: httpx2.Response, written: set[str], *, stale: bool) -> None:
        """Check the answer to the second action."""
        if answer.status_code >= 500:
            self.find("failed", first, second, answer=answer)
        elif second.same(first) and second.once:
            if not (_done(answer) or _gone(first, answer)) or written:
                self.find(f"is not answered as the first time; wrote {written}", first, second, answer=answer)
        elif written and (stale or not _done(answer)):
            why = "stale" if stale else "refused"
            self.find(f"wrote {written} although it is {why}", first, second, answer=answer)
        elif _done(answer):
            await self._check_effect(first, second, answer=answer, written=written)
        elif _compares(first, second, answer) and stale and not both_versions(answer):
            self.find("is answered without both versions", first, second, answer=answer)
        elif _compares(first, second, answer) and stale and hides_the_change(answer):
            self.find("is answered without what has changed", first, second, answer=answer)
        elif _compares(first, second, answer) and stale and neither_choice_nor_reason(answer):
            self.find("is answered with neither a choice nor a reason", first, second, answer=answer)
        elif not (stale and answer.status_code == 412 and self._says_what_it_is_now(answer)):
            await self._check_sentence(first, second, answer)

    def _says_what_it_is_now(self, answer: httpx2.Response) -> bool:
        """Return whether a refusal of an older version names the state, what has changed, or says that it was today."""
        now = f"It is now “[^”]+”|What has changed: |It was last changed on {dates.day(clock.now())}"
        return re.search(now, _sentence(answer)) is not None

    def _check_confirmation(self, act: Act, answer: httpx2.Response) -> None:
        """Check that what the next page says follows from a record."""
        if (said := rests_on_no_record(self.app, answer)) and not re.search(self.lasting, said):
            self.find(f"says {said} for no record", act)

    async def _check_effect(self, *acts: Act, answer: httpx2.Response, written: set[str]) -> None:
        """Check that what was answered as done has had its effect, or that what it is for was so already."""
        act = acts[-1]
        if act.aim:
            ((reached,),) = await self.kept.run(act.aim.format(**self.ids))
            if not reached:
                self.find("is answered as done, and it is not so", *acts, answer=answer)
        elif not written and (len(acts) == 1 or not act.same(acts[0])):
            self.find("is answered and has no effect", *acts, answer=answer)

    async def _check_sentence(self, first: Act, second: Act, answer: httpx2.Response) -> None:
        """Check that a refusal of the second action says what is true since the first one."""
        truth = "^$" if self.truth is None else await self.truth(self.kept)
        if not re.search(f"{first.says}|{second.but}|{truth}", _sentence(answer)):
            self.find("is refused without saying what is true", first, second, answer=answer)

    async def _at_once(
        self,
        versions: dict[Act, str | None],
        results: dict[tuple[Act, Act], list[Counter[str]]],
        first: Act,
        second: Act,
        before: Moment,
    ) -> None:
        """Send two actions at the same moment; the result is that of one order."""
        self.pairs += 1
        answers = await asyncio.gather(self.send(first, versions[first]), self.send(second, versions[second]))
        now = await self.kept.moment()
        if any(answer.status_code >= 500 for answer in answers) or not any(map(_done, answers)):
            self.find(f"at once: {[(each.status_code, _sentence(each)[:200]) for each in answers]}", first, second)
        orders = [*results[first, second], *results[second, first]]
        if now.shape not in orders:
            apart = min(((now.shape - order) + (order - now.shape) for order in orders), key=len)
            self.find(f"at once leads to what no order leads to: {dict(apart)}", first, second)
        fitting = [_done(each) or _gone(first, each) or _but(second, each) for each in answers]
        if first.same(second) and not all(fitting):
            self.find("at once is not answered as the first time", first, second, answer=answers[1])
        await self._check_whole(first, second)
        await self.kept.restore(before, now)


def _compares(first: Act, second: Act, answer: httpx2.Response) -> bool:
    """Return whether a page about a stale form has to show both versions: erased words are not there to compare."""
    return answer.status_code == 412 and not API.match(second.route) and not first.route.endswith("/erasure")


def both_versions(answer: httpx2.Response) -> bool:
    """Return whether a page shows a record in both versions, or what was written beside what is saved."""
    page: Any = lxml.html.document_fromstring(answer.text)
    heads = {" ".join(each.text_content().split()) for each in page.iter("th")}
    return {"When you opened the page", "Now"} <= heads or {"Your version", "Saved version"} <= heads


def hides_the_change(answer: httpx2.Response) -> bool:
    """Return whether a page about a stale form shows no fact that differs."""
    return "The change is in something that this page does not show." in answer.text


_MERELY_CHANGED = re.compile(
    r"Nothing was |This was changed |ha(?:s|ve) changed since|have arrived or changed|was changed on .* after"
    r"|after you opened|last changed it on|was last changed on|[Rr]ead (?:it|version \d+)\b|Open it again|Check again"
    r"|Review them again|^Version \d+ can no longer be signed"
)
"""Sentences that are no reason: a record has changed, and is to be read."""


def neither_choice_nor_reason(answer: httpx2.Response) -> bool:
    """Return whether a page about a stale form has no form for its choice, and says only that something has changed."""
    if choice_in(answer) is not None:
        return False
    page: Any = lxml.html.document_fromstring(answer.text)
    said = " ".join(
        " ".join(each.text_content().split()) for each in page.xpath("//main//p[contains(@class, 'body-l')]")
    )
    sentences = re.split(r"(?<=[.?!])\s+", said)
    return not any(each and not _MERELY_CHANGED.search(each) for each in sentences)


def choice_in(answer: httpx2.Response) -> dict[str, list[str]] | None:
    """Return what the form sends with which a stale action is chosen on the present version; None where it has none."""
    path = urlsplit(str(answer.request.url)).path
    page: Any = lxml.html.document_fromstring(answer.text)
    for form in page.iter("form"):
        if form.get("method", "").lower() == "post" and urlsplit(form.get("action") or path).path == path:
            sent: dict[str, list[str]] = {}
            for name, value in form.form_values():
                sent.setdefault(name, []).append(value)
            return {name: values for name, values in sent.items() if name != csrf.FIELD}
    return None


def _done(answer: httpx2.Response) -> bool:
    """Return whether an action was answered as done; a decision on several records says which it has left."""
    if answer.status_code >= 400 or not answer.content or "json" not in answer.headers.get("content-type", ""):
        return answer.status_code < 400
    found = answer.json()
    return not (isinstance(found, dict) and found.get("left") and not found.get("done"))


def _gone(first: Act, answer: httpx2.Response) -> bool:
    """Return whether an answer says that the first action has removed the record."""
    return answer.status_code == 404 and re.search(first.says, _sentence(answer)) is not None


def _but(act: Act, answer: httpx2.Response) -> bool:
    """Return whether an action is refused for a reason of its own, such as that the first one is being carried out."""
    return re.search(act.but, _sentence(answer)) is not None


def _sentence(answer: httpx2.Response) -> str:
    """Return what an answer says: the detail of a problem, or the text of a page."""
    if "json" in answer.headers.get("content-type", ""):
        found = answer.json()
        return f"{found.get('detail', found)} {found.get('errors', '')}" if isinstance(found, dict) else str(found)
    if not answer.text or "html" not in answer.headers.get("content-type", ""):
        return answer.text
    page = lxml.html.document_fromstring(answer.text)
    content = page.find(".//main")
    return " ".join("".join(map(str, (page if content is None else content).itertext())).split())
