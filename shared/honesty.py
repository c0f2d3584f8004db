"""Decide whether an officer could gain by what nobody verifies, under the rules of a call.

A statement is verified if the home country's endorsement vouches for it: service, rank group, expertise, languages. The
order of topics, possible weeks, preferred countries and earlier participation are the officer's own word. While none of
these counts for a host, and the matching is stable without quotas or exchanges, the truth is the best that an officer
who applies alone can state (docs/decisions/0039-honesty-that-is-proven.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from shared.contracts import labels
from shared.contracts.codes import ApplicationMode, Criterion, Objective, TieBreak
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.contracts.calls import CountryQuota, CriterionWeight, EligibilityRules

VERIFIED: frozenset[Criterion] = frozenset(
    {
        Criterion.EXPERTISE,
        Criterion.EXPERTISE_GAP,
        Criterion.LANGUAGE,
        Criterion.RECIPROCITY,
        Criterion.RANK_GROUP,
        Criterion.SERVICE,
    }
)
"""The criteria that rest on verified facts alone. Any other counts what the officer states and nobody verifies."""


class Cause(StrEnum):
    """The ways in which a call's rules can let an officer gain by an untrue statement."""

    OBJECTIVE = "objective"
    WEIGHT = "weight"
    FIRST_TIME_FIRST = "first_time_first"
    NEEDS = "needs"
    QUOTAS = "quotas"
    EXCHANGES = "exchanges"


_WARNINGS: Mapping[Cause, str] = {
    Cause.OBJECTIVE: N_("With the highest sum of points, officers can gain by an untrue order of topics or weeks."),
    Cause.WEIGHT: N_(
        "“%(criterion)s” counts for the host, but nobody verifies what officers state for it. They can gain by an"
        " untrue statement."
    ),
    Cause.FIRST_TIME_FIRST: N_(
        "Officers state themselves whether they took part before. An officer can gain by hiding an earlier exchange."
    ),
    Cause.NEEDS: N_("Training needs count for the host. Officers can gain by a topic that they do not want."),
    Cause.QUOTAS: N_("With a quota, an untrue order can change who of a country gets a place."),
    Cause.EXCHANGES: N_(
        "With exchanges after the lot, officers can gain by an untrue order of topics, weeks or wishes."
    ),
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A setting of a call by which an officer can gain by an untrue statement, with the criterion of a weight."""

    cause: Cause
    criterion: Criterion | None = None

    @property
    def warning(self) -> str:
        """The warning for a coordinator, in the reader's language."""
        named = {"criterion": labels.label(self.criterion)} if self.criterion is not None else {}
        return gettext(_WARNINGS[self.cause]) % named


class Terms(Protocol):
    """The terms of a call, published or still a draft, that decide."""

    @property
    def objective(self) -> Objective: ...  # noqa: D102 - as in the contract

    @property
    def ties(self) -> TieBreak: ...  # noqa: D102 - as in the contract

    @property
    def weights(self) -> Sequence[CriterionWeight]: ...  # noqa: D102 - as in the contract

    @property
    def quotas(self) -> Sequence[CountryQuota]: ...  # noqa: D102 - as in the contract

    @property
    def rules(self) -> EligibilityRules: ...  # noqa: D102 - as in the contract

    @property
    def needs(self) -> Sequence[object]: ...  # noqa: D102 - as in the contract


def breaches(
    objective: Objective,
    host_weights: Mapping[Criterion, int],
    *,
    quotas: bool,
    needs: bool = True,
    first_time_first: bool = False,
    exchanges: bool = False,
) -> tuple[Breach, ...]:
    """Return by what an officer could gain; nothing if the truth is always the best.

    `quotas` says whether a country has a floor or a ceiling, `needs` whether training needs are cited: without any the
    criterion of training needs gives nobody points. `exchanges` says whether they follow the lot among equals.
    """
    stated = [criterion for criterion in Criterion if criterion not in VERIFIED and host_weights.get(criterion)]
    if first_time_first and Criterion.FIRST_TIME in stated:
        stated.remove(Criterion.FIRST_TIME)
    found = [Breach(Cause.OBJECTIVE)] if objective is not Objective.STABLE else []
    for criterion in stated:
        if criterion is Criterion.TRAINING_NEED:
            found += [Breach(Cause.NEEDS)] if needs else []
        else:
            found.append(Breach(Cause.WEIGHT, criterion))
    if first_time_first:
        found.append(Breach(Cause.FIRST_TIME_FIRST))
    if quotas:
        found.append(Breach(Cause.QUOTAS))
    if exchanges:
        found.append(Breach(Cause.EXCHANGES))
    return tuple(found)


def breaches_of(terms: Terms) -> tuple[Breach, ...]:
    """Return by what an officer could gain under the terms of a call.

    A call without weights of its own has those of the programme, which count verified facts, and its training needs.
    """
    cited = bool(terms.needs)
    own = {weight.criterion: weight.host for weight in terms.weights}
    return breaches(
        terms.objective,
        own or {Criterion.TRAINING_NEED: int(cited)},
        quotas=any(quota.floor or quota.ceiling is not None for quota in terms.quotas),
        needs=cited,
        first_time_first=terms.rules.first_time_first,
        exchanges=terms.ties is TieBreak.EXCHANGES,
    )


def truth_is_safe(terms: Terms, mode: ApplicationMode = ApplicationMode.OPEN) -> bool:
    """Return whether a page may promise an applicant that a true order cannot harm.

    Groups are placed before all others, in a way that promises nothing to their members.
    """
    return mode is not ApplicationMode.GROUP and not breaches_of(terms)
