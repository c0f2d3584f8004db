"""Make the files of a period, once, when it is published."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.reporting.disclosure.views import released_figure
from services.reporting.feeds.formats import iati
from services.reporting.feeds.formats.csvw import metadata
from services.reporting.feeds.formats.logframe import logframe
from services.reporting.feeds.formats.table import csv_text
from services.reporting.feeds.formats.workbook import workbook
from services.reporting.feeds.model.publication import File
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.documents.background import Background
from services.reporting.overview.documents.content import kept_report
from services.reporting.settings import Settings
from services.reporting.targets.model import standing
from shared.errors import Refused
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from services.reporting.disclosure.model import Released
    from services.reporting.periods.model.approval import Approval
    from services.reporting.targets.model import TargetValue
    from shared.settings import ServiceSettings

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMED = 5
"""The most findings that are named when publishing is refused; the page of the feeds lists all."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The content of a statement's files: its figures, those of other published periods, and the targets that count.

    `everything` has our own figures too, which only the report gives, with its `background`.
    """

    released: Sequence[Released]
    history: Sequence[Released]
    approval: Approval
    settings: Settings
    at: datetime
    target_values: Sequence[TargetValue]
    everything: Sequence[Released]
    background: Background


@dataclass(frozen=True, slots=True)
class Kind:
    """A file that a published period has: its name, a description, its media type, and how it is made."""

    name: str
    words: str
    media_type: str
    made: Callable[[Statement], bytes]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "figures.csv",
            N_("CSV: a row for each number"),
            "text/csv; charset=utf-8",
            lambda of: csv_text(of.released, of.approval).encode(),
        ),
        Kind(
            "figures.csv-metadata.json",
            N_("CSV on the Web: the description of the CSV file's columns"),
            "application/csvm+json",
            lambda of: metadata(of.approval, table="figures.csv", released=of.released),
        ),
        Kind(
            "figures.xlsx",
            N_("Excel workbook with the same rows"),
            _XLSX,
            lambda of: workbook(of.released, of.approval, of.at),
        ),
        Kind(
            "figures.json",
            N_("JSON, with the definitions"),
            "application/json",
            lambda of: _json(of.released, of.approval),
        ),
        Kind(
            "logframe.xlsx",
            N_("Logframe for OPSYS: baselines, targets and current values"),
            _XLSX,
            lambda of: logframe(
                of.released, of.approval, of.target_values, of.at, of.history, since=of.settings.programme_start
            ),
        ),
        Kind(
            "iati-activities.xml",
            N_("IATI 2.03 activity file, with all published periods"),
            "application/xml",
            lambda of: iati.activity(of.released, of.approval, of.settings, of.at, of.target_values, of.history),
        ),
        Kind(
            "iati-organisation.xml",
            N_("IATI 2.03 organisation file"),
            "application/xml",
            lambda of: iati.organisation(of.settings, of.at),
        ),
        Kind(
            "report.pdf",
            N_("Report to print"),
            "application/pdf",
            lambda of: kept_report(of.approval, of.everything, of.settings, of.background),
        ),
    )
}
"""The files by name, in the order in which they are listed."""

OF_ALL_PERIODS = frozenset({"iati-activities.xml"})
"""The files that have all periods: the newest is the one that was published last, whichever period it is of."""
MEDIA_TYPES = tuple(sorted({kind.media_type.partition(";")[0] for kind in KINDS.values()}))
"""The media types of the files."""


def made_at(released: Sequence[Released], approval: Approval) -> datetime | None:
    """Return the moment of a period's statement: of its freeze or of its newest figure. None if there is no figure."""
    moments = [each.cut_off for each in released]
    if approval.frozen_at:
        moments.append(approval.frozen_at)
    return max(moments, default=None)


def files(
    released: Sequence[Released],
    approval: Approval,
    settings: ServiceSettings,
    target_values: Sequence[TargetValue] = (),
    history: Sequence[Released] = (),
    background: Background | None = None,
) -> list[File]:
    """Return all files of a period that is being published; targets count as they were at the statement's moment.

    `history` are the figures of the periods that were published before, as they stood then, and `background` what the
    report says besides.

    Raises `Refused` (409) with the first findings if an IATI file would break schema or rules, or if there is no
    figure.
    """
    at = made_at(released, approval)
    if at is None:
        raise Refused(gettext("There is nothing to publish, because no figure was counted for this period."), 409)
    content_of = _statement(released, approval, settings, at, target_values, history, background)
    made, found = [], []
    for kind in KINDS.values():
        try:
            content = kind.made(content_of)
        except iati.NotValid as problem:
            found += [each for each in problem.findings if each not in found]
        else:
            made.append(File(kind.name, kind.media_type, content))
    if found:
        sentence = gettext("These figures cannot be published, since the IATI file would break the standard's rules: ")
        raise Refused(sentence + " ".join(found[:NAMED]), 409)
    return made


def _statement(
    released: Sequence[Released],
    approval: Approval,
    settings: ServiceSettings,
    at: datetime,
    target_values: Sequence[TargetValue],
    history: Sequence[Released],
    background: Background | None = None,
) -> Statement:
    targets = standing(target_values, at)
    return Statement(
        agreed(released),
        agreed(history),
        approval,
        ours(settings),
        at,
        targets,
        released,
        replace(background or Background(), history=history, targets=targets),
    )


def findings(
    released: Sequence[Released],
    approval: Approval,
    settings: ServiceSettings,
    target_values: Sequence[TargetValue] = (),
    history: Sequence[Released] = (),
) -> list[str]:
    """Return what would be wrong with the IATI files of these figures, in words; empty if they may be published."""
    at = made_at(released, approval)
    found: list[str] = []
    if at is None:
        return found
    content_of = _statement(released, approval, settings, at, target_values, history)
    for name in ("iati-activities.xml", "iati-organisation.xml"):
        try:
            KINDS[name].made(content_of)
        except iati.NotValid as problem:
            found += [each for each in problem.findings if each not in found]
    return found


def open_to_all(settings: Settings) -> frozenset[str]:
    """Return the files that anybody may fetch. Raises `ValueError`, for the operator, if one is unknown."""
    names = frozenset(each.strip() for each in settings.feeds_public.split(",") if each.strip())
    unknown = sorted(names - KINDS.keys())
    if unknown:
        raise ValueError(f"TANDEM_FEEDS_PUBLIC names no file: {', '.join(unknown)}. Files are: {', '.join(KINDS)}.")
    return names


def ours(settings: ServiceSettings) -> Settings:
    """Return the settings as those of this service."""
    assert isinstance(settings, Settings)
    return settings


def _json(released: Sequence[Released], approval: Approval) -> bytes:
    content = {
        "period": approval.period.label,
        "start": approval.period.start.isoformat(),
        "end": approval.period.end.isoformat(),
        "state": approval.state.value,
        "statement": approval.statement,
        "figures": [released_figure(figure).model_dump(mode="json") for figure in released],
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
