"""Read which version of a record the sender of a request has read, and say which one a page or answer shows.

A program sends it in `If-Match`, or in the body beside the id of a record that the body names (`shared/web/items.py`),
a form in a hidden field (`shared/web/form_versions.py`). The transaction that changes the record compares it
(`shared/bus/db/transaction.py`). A service lists its records by the parameters of addresses that
name them (`app.state.records`); the section of a record is named by the next parameter, `application_id/code`. An
address that ends with one of `additions` only adds something, whatever else has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.bus.db.outdated import Outdated
from shared.bus.db.records import ReadVersions, named, present_by_record, version_of, versions_by_record
from shared.bus.db.transaction import RequestVersions, expect
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.refusals import SAFE_METHODS, is_api
from shared.identity.state import service_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from uuid import UUID

    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request

    from shared.bus.db.records import Named, Record
    from shared.identity.record_facts import RecordFacts

FIELD = "record_version"
_LIMIT = 200
# The gateway marks the ETag of what it compresses.
_ENCODED = re.compile(r"-(?:gzip|zstd|br)$")
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class SentVersions:
    """The versions that a body names for the entries of its list `name`, by their places; empty for new ones.

    `record` is None in a service without records, which compares nothing.
    """

    record: Record | None
    kind: str
    name: str
    versions: Sequence[str]

    async def check(self, session: AsyncSession, known: Mapping[int, object]) -> None:
        """Lock the records that entries replace, by the places of these, and compare.

        Raises `Outdated` (412, 428) unless all are as they were read.
        """
        if self.record is None:
            return
        found = {place: named(self.record, self.kind, name) for place, name in sorted(known.items())}
        for each in found.values():
            await session.execute(*each.lock)
        present = await versions_by_record(session, found.values())
        sent = {place: without_quotes(self.versions[place]) for place in found}
        missing = {place for place in found if not sent[place]}
        wrong = missing or {place for place, each in found.items() if sent[place] != present[each]}
        if wrong:
            at = {f"/{self.name}/{place}/version": found[place] for place in sorted(wrong)}
            words = await present_by_record(session, at.values())
            raise Outdated(
                named=not missing,
                places={place: present[each] for place, each in at.items()},
                sentences={place: words.get(each, "") for place, each in at.items()},
            )


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a service by the parameters that name them, and the last words of addresses that only add.

    `facts` are those that a stale form compares, by the words for the kinds of records in versions.
    """

    by_parameter: Mapping[str, Record]
    additions: Collection[str] = ()
    facts: Mapping[str, RecordFacts] = field(default_factory=dict)


NO_RECORDS = Records({})


def service_records(app: FastAPI) -> Records:
    """Return the records of a service."""
    found: Records = getattr(app.state, "records", NO_RECORDS)
    return found


def records_of(request: Request) -> Records:
    """Return the records of the service that answers."""
    return service_records(request.app)


def names_record(records: Records, path: str) -> bool:
    """Return whether the address `path` of a route names a record."""
    return any(f"{{{parameter}}}" in path for parameter in records.by_parameter)


def changes_record(records: Records, path: str) -> bool:
    """Return whether an unsafe request to the address `path` of a route changes a record that it names."""
    return path.rsplit("/", 1)[-1] not in records.additions and names_record(records, path)


async def check(request: Request) -> None:
    """Note for the transaction which version the sender of an unsafe request read, or read the present one to show.

    Raises `Refused` (400) for an `If-Match` that cannot be read.
    """
    records = records_of(request)
    found = list(named_records(records, request.path_params))
    if not found:
        return
    if request.method in SAFE_METHODS:
        if "text/event-stream" not in request.headers.get("accept", ""):
            await _show(request, found[-1])
        return
    request.state.form_versions = versions = await versions_sent(request)
    if changes_record(records, request.scope["route"].path_format):
        request.state.versions = RequestVersions(found, versions, answered=is_api(request))
        expect(request.state.versions)


def opened_versions(request: Request) -> list[str] | None:
    """Return the versions with which this page was opened; None where its forms are to name none."""
    opened: list[str] | None = getattr(request.state, "form_versions", [])
    return opened


async def expect_opened(request: Request, session: AsyncSession, record: Named) -> None:
    """Have a form rest on a record that no address names; its template names the `opened_versions`."""
    if request.method in SAFE_METHODS:
        request.state.form_versions = [await version_of(session, record)]
    elif not getattr(request.state, "form_versions", None):
        request.state.form_versions = versions = await versions_sent(request)
        expect(RequestVersions([record], versions, answered=False))


def show_versions(request: Request, outdated: Outdated) -> None:
    """Have the forms of the answer name the version that a refusal names: the reader has it before them now."""
    request.state.form_versions = [outdated.version]


async def read_versions(request: Request, parameter: str, ids: Collection[UUID]) -> ReadVersions:
    """Return the versions in which the sender of a form read several records, or the present ones to show.

    `parameter` is the name under which an address names one of them. One field of a form may name many, with commas.
    """
    record = records_of(request).by_parameter[parameter]
    found = {each: named(record, parameter.removesuffix("_id"), each) for each in ids}
    if request.method not in SAFE_METHODS:
        sent = (await request.form()).getlist(FIELD)
        return ReadVersions(found, [version for each in sent if isinstance(each, str) for version in each.split(",")])
    return await present_versions(request, parameter, ids)


async def present_versions(request: Request, parameter: str, ids: Collection[UUID]) -> ReadVersions:
    """Return the present versions of several records; `parameter` as above.

    Read them before what is shown of the records: a change in between is then found by the next form.
    """
    record = records_of(request).by_parameter[parameter]
    found = {each: named(record, parameter.removesuffix("_id"), each) for each in ids}
    async with service_of(request.app).bus.glance() as session:
        return ReadVersions(found, list((await versions_by_record(session, found.values())).values()))


async def present_sentences(request: Request, read: ReadVersions) -> dict[UUID, str]:
    """Return what several records are now and when they were changed last, in words, by their ids."""
    async with service_of(request.app).bus.glance() as session:
        words = await present_by_record(session, read.records.values())
    return {id_: words.get(each, "") for id_, each in read.records.items()}


def versions_in_body(
    request: Request, parameter: str, versions: Mapping[UUID, str], places: Mapping[UUID, str]
) -> ReadVersions:
    """Return the versions that a body names for several records; `places` are the JSON pointers to them.

    `parameter` is the name under which an address names one of the records. An empty version is none. A service without
    records compares nothing.
    """
    records = records_of(request).by_parameter
    if not records:
        return ReadVersions({}, ())
    record = records[parameter]
    found = {each: named(record, parameter.removesuffix("_id"), each) for each in versions}
    return ReadVersions(found, {without_quotes(version) for version in versions.values() if version}, places)


def expect_in_body(request: Request, parameter: str, id_: UUID, version: str, place: str) -> None:
    """Have the transactions of a request change a record that its body names only in that version.

    As if the address had named it; `place` is the JSON pointer to the version, which is empty where there is none.
    """
    record = named(records_of(request).by_parameter[parameter], parameter.removesuffix("_id"), id_)
    expect(RequestVersions([record], [without_quotes(version)] if version else [], answered=False, place=place))


def sent_versions(request: Request, parameter: str, name: str, versions: Sequence[str]) -> SentVersions:
    """Return the versions that a body names for the entries of its list `name`; `parameter` as above."""
    records = records_of(request).by_parameter
    return SentVersions(records[parameter] if records else None, parameter.removesuffix("_id"), name, versions)


def without_quotes(version: str) -> str:
    """Return a version without the quotation marks that the header has around it."""
    return _ENCODED.sub("", version.strip().strip('"'))


async def item_versions(
    request: Request, session: AsyncSession, parameter: str, ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return the versions of several records as `session` sees them, by their ids; `parameter` as above."""
    record = records_of(request).by_parameter[parameter]
    found = {id_: named(record, parameter.removesuffix("_id"), id_) for id_ in ids}
    versions = await versions_by_record(session, found.values())
    return {id_: versions[each] for id_, each in found.items()}


async def state_in_words(request: Request) -> str:
    """Return the word for the present state of the innermost record with states in the address; empty without one."""
    for each in reversed(list(named_records(records_of(request), request.path_params))):
        if each.record.state is not None:
            async with service_of(request.app).bus.glance() as session:
                return each.in_words(await session.scalar(each.record.present(each.name)))
    return ""


def hide_versions(request: Request) -> None:
    """Have the forms of the answer name no version, such as those of an error page."""
    request.state.form_versions = None


async def show_present(request: Request, session: AsyncSession) -> None:
    """Have the forms of the answer name the version that the request has just written in `session`.

    For a page that keeps what is written and is shown again in the same transaction.
    """
    versions: RequestVersions | None = getattr(request.state, "versions", None)
    if versions is None:
        return
    await session.flush()
    version = await version_of(session, versions.records[-1])
    request.state.form_versions = [version]
    request.state.etag = versions.after = version


def named_records(records: Records, path_params: Mapping[str, object]) -> Iterator[Named]:
    """Return the records that the parameters of an address name, from the outermost to the innermost."""
    before, name = "", None
    for parameter, value in path_params.items():
        section = records.by_parameter.get(f"{before}/{parameter}")
        if section is not None and name is not None:
            yield named(section, f"{before.removesuffix('_id')}-{parameter}", name, str(value))
        record = records.by_parameter.get(parameter)
        name = None if record is None else record.read(str(value))
        if record is not None and name is not None:
            yield named(record, parameter.removesuffix("_id"), name)
        before = parameter


def naming_parameters(records: Records, path_params: Mapping[str, object]) -> dict[str, str]:
    """Return those parameters of an address that name records: `named_records` finds the same by them."""
    before, found = "", {}
    for parameter, value in path_params.items():
        if parameter in records.by_parameter or f"{before}/{parameter}" in records.by_parameter:
            found[parameter] = str(value)
        before = parameter
    return found


async def versions_sent(request: Request) -> list[str]:
    """Return the versions that an unsafe request names in its header or form. Raises `Refused` (400)."""
    versions = _in_header(request) if "if-match" in request.headers else []
    if not versions and not is_api(request):
        versions = [value for value in (await request.form()).getlist(FIELD) if isinstance(value, str)]
    return versions


async def _show(request: Request, record: Named) -> None:
    async with service_of(request.app).bus.glance() as session:
        version = await version_of(session, record)
    request.state.form_versions = [version]
    request.state.etag = version


def _in_header(request: Request) -> list[str]:
    """Return the versions in `If-Match`. Raises `Refused` (400) for what is no list of entity tags."""
    text = request.headers["if-match"].strip()
    tags = [part.strip() for part in text.split(",")]
    if text == "*" or len(tags) > _LIMIT or not all(_TAG.fullmatch(tag) for tag in tags):
        sentence = gettext('If-Match must be the ETag that you read, such as "application.1a2b3c4d.5e6f".')
        raise Refused(sentence, fields={"If-Match": sentence}, code=ProblemCode.MALFORMED_REQUEST)
    return [without_quotes(tag) for tag in tags if not tag.startswith("W/")]
