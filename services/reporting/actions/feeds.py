"""Which files does a period have, and may they go out? All are made behind the gate, with the same bytes each time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.feeds import iati
from services.reporting.feeds.described import metadata
from services.reporting.feeds.logframe import logframe
from services.reporting.feeds.table import as_json, csv_text
from services.reporting.feeds.workbook import workbook
from services.reporting.model.aim import standing
from services.reporting.settings import Settings
from shared.contracts.codes import PeriodState
from shared.web.errors import Refused
from shared.web.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from services.reporting.model.aim import Aim
    from services.reporting.model.approval import Approval
    from services.reporting.model.disclosure import Released
    from shared.settings import ServiceSettings

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMED = 5
"""So many findings are named where publishing is refused; the page of the feeds lists all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A file that a published period has: its name, what it is, its media type, and how it is made."""

    name: str
    words: str
    media_type: str
    made: Callable[[Sequence[Released], Approval, Settings, datetime, Sequence[Aim]], bytes]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "figures.csv",
            N_("CSV: a row for each number"),
            "text/csv; charset=utf-8",
            lambda released, where, *_: csv_text(released, where).encode(),
        ),
        Kind(
            "figures.csv-metadata.json",
            N_("CSV on the Web: the description of the CSV file's columns"),
            "application/csvm+json",
            lambda _, where, *__: metadata(where, table="figures.csv"),
        ),
        Kind(
            "figures.xlsx",
            N_("Excel workbook with the same rows"),
            _XLSX,
            lambda released, where, _, at, __: workbook(released, where, at),
        ),
        Kind(
            "figures.json",
            N_("JSON, with the definitions"),
            "application/json",
            lambda released, where, *_: _json(released, where),
        ),
        Kind(
            "logframe.xlsx",
            N_("Logframe for OPSYS: baselines, targets and current values"),
            _XLSX,
            lambda released, where, _, at, aims: logframe(released, where, aims, at),
        ),
        Kind(
            "iati-activities.xml",
            N_("IATI 2.03 activity file"),
            "application/xml",
            lambda released, where, settings, at, _: iati.activity(released, where, settings, at),
        ),
        Kind(
            "iati-organisation.xml",
            N_("IATI 2.03 organisation file"),
            "application/xml",
            lambda _, __, settings, at, ___: iati.organisation(settings, at),
        ),
    )
}
"""The files by name, in the order in which they are listed."""


def made_at(released: Sequence[Released], where: Approval) -> datetime | None:
    """The moment of a period's statement: of its freeze or of its newest figure. None: there is no figure."""
    moments = [each.cut_off for each in released]
    if where.frozen_at:
        moments.append(where.frozen_at)
    return max(moments, default=None)


def file(
    kind: Kind, released: Sequence[Released], where: Approval, settings: ServiceSettings, aims: Sequence[Aim] = ()
) -> tuple[bytes, datetime]:
    """The file of a published period, and its moment; of `aims` those count that stood at that moment.

    Raises `Refused` (409) for a period that is not published.
    """
    at = made_at(released, where)
    if where.state is not PeriodState.PUBLISHED or at is None:
        sentence = gettext("The period %(period)s is not published: it has no files yet. It stands at: %(state)s.")
        raise Refused(sentence % {"period": where.period.label, "state": gettext(where.state.label)}, 409)
    try:
        return kind.made(released, where, ours(settings), at, standing(aims, at)), at
    except iati.NotValid as problem:
        raise Refused(gettext("The file would not be valid: %(why)s") % {"why": problem.findings[0]}, 409) from None


def findings(released: Sequence[Released], where: Approval, settings: ServiceSettings) -> list[str]:
    """What would be wrong with the IATI files of these figures, each in words; empty: they may go out."""
    at = made_at(released, where)
    found: list[str] = []
    if at is None:
        return found
    for name in ("iati-activities.xml", "iati-organisation.xml"):
        try:
            KINDS[name].made(released, where, ours(settings), at, ())
        except iati.NotValid as problem:
            found += [each for each in problem.findings if each not in found]
    return found


def hold(released: Sequence[Released], where: Approval, settings: ServiceSettings) -> None:
    """Let a period out only if its IATI files keep schema and rules. Raises `Refused` (409) with the first findings."""
    found = findings(released, where, settings)
    if found:
        sentence = gettext("These figures cannot be published, since the IATI file would break the standard's rules: ")
        raise Refused(sentence + " ".join(found[:NAMED]), 409)


def ours(settings: ServiceSettings) -> Settings:
    """The settings of this service."""
    assert isinstance(settings, Settings)
    return settings


def etag(content: bytes) -> str:
    """The strong validator of a file (RFC 9110, 8.8.3): a part of its SHA-256."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def unchanged(header: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, weakly compared (RFC 9110, 13.1.2)."""
    named = {each.strip().removeprefix("W/") for each in (header or "").split(",")}
    return bool({"*", tag} & named)


def _json(released: Sequence[Released], where: Approval) -> bytes:
    told = {
        "period": where.period.label,
        "start": where.period.start,
        "end": where.period.end,
        "state": where.state.value,
        "statement": where.statement,
        "figures": [as_json(figure) for figure in released],
    }
    return (json.dumps(told, indent=2, ensure_ascii=False, default=lambda value: value.isoformat()) + "\n").encode()
