"""Read which version of a record the sender of a request has read, and say which one a page or answer shows.

A program sends it in `If-Match`, a form in a hidden field (`shared/web/form_versions.py`). The transaction that changes
the record compares it (`shared/bus/db/transaction.py`). A service lists its records by the parameters of addresses that
name them (`app.state.records`); the section of a record is named by the next parameter, `application_id/code`. An
address that ends with one of `additions` only adds something, whatever else has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bus.db.records import ReadVersions, named, version_of, versions_by_record
from shared.bus.db.transaction import RequestVersions, expect
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.refusals import SAFE_METHODS, is_api
from shared.identity.state import service_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from uuid import UUID

    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.requests import Request

    from shared.bus.db.records import Named, Record
    from shared.bus.db.transaction import Outdated

FIELD = "record_version"
_LIMIT = 200
# The gateway marks the ETag of what it compresses.
_ENCODED = re.compile(r"-(?:gzip|zstd|br)$")
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a service by the parameters that name them, and the last words of addresses that only add."""

    by_parameter: Mapping[str, Record]
    additions: Collection[str] = ()


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
    api = is_api(request)
    versions = _in_header(request) if "if-match" in request.headers else []
    if not api and not versions:
        versions = [value for value in (await request.form()).getlist(FIELD) if isinstance(value, str)]
    request.state.form_versions = versions
    if changes_record(records, request.scope["route"].path_format):
        request.state.versions = RequestVersions(found, versions, answered=api)
        expect(request.state.versions)


def opened_versions(request: Request) -> list[str] | None:
    """Return the versions with which this page was opened; None where its forms are to name none."""
    opened: list[str] | None = getattr(request.state, "form_versions", [])
    return opened


def show_versions(request: Request, outdated: Outdated) -> None:
    """Have the forms of the answer name the version that a refusal names: the reader has it before them now."""
    request.state.form_versions = [outdated.version]


async def read_versions(request: Request, parameter: str, ids: Collection[UUID]) -> ReadVersions:
    """Return the versions in which the sender of a form read several records, or the present ones to show.

    `parameter` is the name under which an address names one of them.
    """
    record = records_of(request).by_parameter[parameter]
    found = {each: named(record, parameter.removesuffix("_id"), each) for each in ids}
    if request.method not in SAFE_METHODS:
        sent = (await request.form()).getlist(FIELD)
        return ReadVersions(found, [each for each in sent if isinstance(each, str)])
    async with service_of(request.app).bus.glance() as session:
        return ReadVersions(found, list((await versions_by_record(session, found.values())).values()))


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
    return [_ENCODED.sub("", tag.strip('"')) for tag in tags if not tag.startswith("W/")]
