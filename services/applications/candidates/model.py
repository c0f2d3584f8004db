"""Say how well an anonymous candidate fits a placement or mentor, and what a host or mentor may say of candidates.

A host judges by what the home country's endorsement vouches for: expertise, languages, rank group and service. Topics
and weeks are the officer's own word. Hosts do not see them, so that no officer gains by them. Nor do they see a mother
tongue, which can name the country: Romanian does among the partner countries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import labels
from shared.contracts.codes import (
    MOST_WEIGHT_BESIDE_ORDER,
    MOST_WISHES,
    ApplicationKind,
    Criterion,
    LanguageLevel,
    NotSuitableReason,
    Wishes,
)
from shared.contracts.offers import MOST_NOT_SUITABLE, CandidateChoices, NotSuitable
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from services.applications.places.model import Needs, Officer
    from shared.contracts.applications import ExpertiseHeld, LanguageHeld
    from shared.contracts.calls import CallTerms

LONGEST_WORDS = 1000
MOST_GRADES = 3
_EXPERT = 3
_EXPERIENCED = 5


class Unsuitable(BaseModel):
    """A candidate who is not suitable, with the reason; the words stay in the portal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application_id: UUID
    reason: NotSuitableReason
    text: Annotated[str, Field(max_length=LONGEST_WORDS)] = ""


class Choices(BaseModel):
    """The choices of a host or mentor: candidates in order, the best first, and those not suitable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Annotated[
        tuple[UUID, ...],
        Field(max_length=MOST_WISHES, description="Ids of applications, the best first. All others follow by points."),
    ] = ()
    not_suitable: Annotated[tuple[Unsuitable, ...], Field(max_length=MOST_NOT_SUITABLE)] = ()

    @property
    def applications(self) -> frozenset[UUID]:
        """All applications of which something is said."""
        return frozenset(self.order) | {each.application_id for each in self.not_suitable}

    @property
    def published(self) -> CandidateChoices:
        """The part that leaves the portal: no words."""
        refused = sorted(self.not_suitable, key=lambda each: each.application_id)
        return CandidateChoices(
            wishes=self.order,
            not_suitable=tuple(NotSuitable(application_id=each.application_id, reason=each.reason) for each in refused),
        )

    def within(self, visible: Collection[UUID]) -> Choices:
        """Return what is said of the applications that a reader sees."""
        return Choices(
            order=tuple(id_ for id_ in self.order if id_ in visible),
            not_suitable=tuple(each for each in self.not_suitable if each.application_id in visible),
        )

    def beside(self, saved: Choices, hidden: Collection[UUID]) -> Choices:
        """Return these choices with what `saved` says of the applications that their writer does not see.

        Those in order keep their places, as far as there is room.
        """
        order = list(self.order)
        for place, id_ in enumerate(saved.order):
            if id_ in hidden:
                order.insert(min(place, len(order)), id_)
        others = tuple(each for each in saved.not_suitable if each.application_id in hidden)
        return Choices(order=tuple(order[:MOST_WISHES]), not_suitable=(*self.not_suitable, *others)[:MOST_NOT_SUITABLE])


def order_counts(terms: CallTerms) -> bool:
    """Return whether an order of candidates counts: the call's rule counts one, and weights leave room beside it."""
    hosts = {weight.criterion: weight.host for weight in terms.weights}
    if terms.rules.first_time_first:  # then it outweighs all others together
        others = sum(weight for criterion, weight in hosts.items() if criterion is not Criterion.FIRST_TIME)
        hosts[Criterion.FIRST_TIME] = max(hosts.get(Criterion.FIRST_TIME, 0), others + 1)
    return terms.wishes is not Wishes.SCORES and sum(hosts.values()) <= MOST_WEIGHT_BESIDE_ORDER


def problems(
    choices: Choices, alone: Collection[UUID], members: Collection[UUID], *, order_counts: bool
) -> dict[str, str]:
    """Return what is wrong with choices, as a sentence a field.

    `alone` are the applications that may be named, `members` those of groups, who have no order.
    """
    refused = [each.application_id for each in choices.not_suitable]
    found = {}
    if choices.order and not order_counts:
        found["order"] = gettext("In this call no order counts. Remove all candidates from the order.")
    elif len(set(choices.order)) < len(choices.order):
        found["order"] = gettext("Put each candidate in order once")
    elif not set(choices.order).isdisjoint(members):
        found["order"] = gettext("Points place groups. Remove their members from your order.")
    elif not set(choices.order) <= set(alone):
        found["order"] = gettext("Choose candidates of the list")
    if len(set(refused)) < len(refused):
        found["not_suitable"] = gettext("Name each candidate who is not suitable once")
    elif not set(refused) <= {*alone, *members}:
        found["not_suitable"] = gettext("Choose candidates of the list")
    elif set(refused) & set(choices.order):
        found["not_suitable"] = gettext("Remove this candidate from your order, or from those who are not suitable")
    return found


@dataclass(frozen=True, slots=True)
class Merit:
    """The fit of a candidate, from 0 (the rules are met) to 3, with the reasons."""

    grade: int
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """The grade in words."""
        if self.grade == MOST_GRADES:
            return gettext("Fits very well")
        return gettext("Fits well") if self.grade == MOST_GRADES - 1 else gettext("Fits")


def shown_languages(known: Iterable[LanguageHeld], needs: Needs) -> list[LanguageHeld]:
    """Return those languages of an officer in which a host or mentor works, without a mother tongue."""
    working = {needed.language for needed in needs.languages}
    return [each for each in known if each.language in working and each.level is not LanguageLevel.NS]


def merit(officer: Officer, needs: Needs, *, same_service: bool) -> Merit:
    """Return how well an officer fits a placement or mentor whose rules the officer meets.

    A grade each: expert in a shared area, five years in one, and a language above the required level. A mother tongue
    counts for none: without a reason beside it, a grade would tell of it.
    """
    shared = [known for known in officer.expertise if known.area in needs.expertise and not known.area.restricted]
    required = {needed.language: needed.level for needed in needs.languages}
    spoken = [
        (known, required[known.language])
        for known in shown_languages(officer.languages, needs)
        if known.level.reaches(required[known.language])
    ]
    anything = not needs.expertise
    graded = (
        anything or any(known.level >= _EXPERT for known in shared),
        anything or any(known.years >= _EXPERIENCED for known in shared),
        any(known.level.order > level.order for known, level in spoken),
    )
    reasons = [_shares(known) for known in shared]
    reasons += [
        gettext("Speaks %(language)s at %(level)s. You ask for %(asked)s.")
        % {
            "language": labels.tongue(known.language),
            "level": labels.label(known.level),
            "asked": labels.label(level),
        }
        for known, level in spoken
    ]
    if same_service:
        reasons.append(gettext("Works in the same service as you."))
    return Merit(sum(graded), tuple(reasons))


def _shares(known: ExpertiseHeld) -> str:
    text = ngettext(
        "Shares %(area)s: %(level)s, %(num)d year.", "Shares %(area)s: %(level)s, %(num)d years.", known.years
    )
    return text % {"area": labels.label(known.area), "level": level_in_words(known.level), "num": known.years}


def level_in_words(level: int) -> str:
    """Return a level of expertise in words."""
    return {1: gettext("basic"), 2: gettext("advanced")}.get(level, gettext("expert"))


def name_of(application_id: UUID) -> str:
    """Return the name under which an anonymous candidate is listed: a part of the id, which says nothing else."""
    return gettext("Candidate %(code)s") % {"code": application_id.hex[-8:].upper()}


PATHS: Mapping[ApplicationKind, str] = {
    ApplicationKind.STUDY_VISIT: "/applications/offers",
    ApplicationKind.MENTEE: "/applications/mentors",
}


def candidates_path(kind: ApplicationKind, seat_id: UUID) -> str:
    """Return the address of the candidates of a placement or mentor."""
    return f"{PATHS[kind]}/{seat_id}/candidates"
