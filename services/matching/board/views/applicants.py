"""Read in words what the matching knows of applicants: their languages, topics, weeks and expertise; no names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.matching.facts import views as facts
from services.matching.facts.store import facts as store
from services.matching.words import Fact, area
from shared.contracts import labels
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.applications import ApplicationProfile


async def applicants_facts(session: AsyncSession, application_ids: Collection[UUID]) -> dict[UUID, list[Fact]]:
    """Return the facts of applications that the matching uses; restricted expertise is not named."""
    rows = await store.candidates(session, application_ids)
    calls = await facts.some_calls(session, {row.call_id for row in rows.values()})
    names = await facts.organisation_names(session, {row.organisation_id for row in rows.values()})
    found = {}
    for id_, row in rows.items():
        terms = calls.terms(row.call_id)
        found[id_] = _facts(row.parsed_profile, terms.scheme if terms else "", names)
    return found


def _facts(profile: ApplicationProfile, scheme: str, organisations: Mapping[UUID, str]) -> list[Fact]:
    """Return the facts of one profile."""
    languages = [f"{labels.tongue(spoken.language)} {spoken.level.label}" for spoken in profile.languages]
    areas = dict.fromkeys(area(known.area) for known in profile.expertise)
    return [
        {"key": gettext("Kind"), "value": labels.label(profile.kind)},
        {"key": gettext("Country"), "value": labels.country(profile.country)},
        {"key": gettext("Organisation"), "value": organisations.get(profile.organisation_id)},
        {"key": gettext("Service"), "value": labels.label(profile.service)},
        {"key": gettext("Rank group"), "value": labels.label(profile.rank_group)},
        {"key": gettext("Languages"), "value": ", ".join(languages)},
        {"key": gettext("Expertise"), "value": ", ".join(areas)},
        {"key": gettext("Topics, in order"), "value": ", ".join(labels.topic(code, scheme) for code in profile.topics)},
        {
            "key": gettext("Possible periods"),
            "value": "; ".join(dates.span(period.start, period.end) for period in profile.periods),
        },
        {"key": gettext("First participation"), "value": gettext("yes") if profile.first_time else gettext("no")},
    ]
