"""How far does the programme lead, and how many answer? Two charts over several figures of one period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.model.figure import Measure, written
from services.reporting.model.indicators.quality import FOLLOWED
from shared.web.charts import Bar, Pair, bars, pairs
from shared.web.i18n import N_, gettext
from shared.web.site import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from services.reporting.model.disclosure import Released
    from services.reporting.pages.drawn import Row
    from shared.web.charts import Chart

STEPS = (
    ("TOPCOP-IN-01", N_("Applied")),
    ("TOPCOP-PR-01", N_("Were given a place")),
    ("TOPCOP-OP-02", N_("Completed a visit")),
    ("TOPCOP-OC-03", N_("Say six months later that they use it")),
    ("TOPCOP-OC-04", N_("Whose line manager confirms it")),
)
"""From applying to use on the job: a count, or of a share how many of those asked."""
WANTED = 90.0
"""Per cent of guests that evaluate when they are asked online (CEPOL's exchange programme of 2009 and 2010)."""
AFTER_WANTED = 85.0
"""Per cent that answer the follow-up, of the same programme."""


def _reached(figures: Mapping[str, Released]) -> list[tuple[str, str, Decimal]]:
    """Indicator, name and number of each step that may be shown."""
    found = []
    for indicator, name in STEPS:
        figure = figures.get(indicator)
        if figure is None or figure.total.hidden:
            continue
        amount = figure.total.numerator if figure.definition.measure is Measure.SHARE else figure.total.value
        if amount is not None:
            found.append((indicator, name, amount))
    return found


def steps(figures: Mapping[str, Released]) -> list[Row]:
    """The steps as rows of a file."""
    return [(indicator, indicator, "reached", written(amount)) for indicator, _, amount in _reached(figures)]


def path(figures: Mapping[str, Released]) -> Chart | None:
    """The steps from applying to use on the job; None where fewer than two may be shown or nobody applied."""
    items = [Bar(gettext(name), float(amount)) for _, name, amount in _reached(figures)]
    if len(items) < 2 or not items[0].value:
        return None
    first, last = items[0], items[-1]
    return bars(
        gettext("From applying to use on the job: %(first)s %(from)s, %(last)s %(to)s")
        % {
            "first": number(first.value),
            "from": first.label[:1].lower() + first.label[1:],
            "last": number(last.value),
            "to": last.label[:1].lower() + last.label[1:],
        },
        items,
        label=gettext("Step"),
        value=gettext("Number"),
        definition=gettext(
            "Each step counts what falls into the period by its own day: these are not the same people followed from"
            " step to step. A step that few people stand behind is left out."
        ),
    )


def _answered(figures: Mapping[str, Released]) -> list[tuple[str, str, float, float]]:
    """Code, name, what is wanted and what is reached, in per cent, of each answer that may be shown."""
    figure = figures.get("TOPCOP-DQ-01")
    if figure is None:
        return []
    found = []
    if figure.total.value is not None and not figure.total.hidden:
        found.append(("evaluation", N_("Evaluation within seven days"), WANTED, float(figure.total.value)))
    for note in figure.notes:
        if note.text == FOLLOWED and note.denominator:
            share = 100 * note.numerator / note.denominator
            found.append(("follow_up", N_("Follow-up after six months"), AFTER_WANTED, share))
    return found


def answers(figures: Mapping[str, Released]) -> list[Row]:
    """The answers as rows of a file."""
    return [
        ("TOPCOP-DQ-01", code, series, f"{number:.2f}")
        for code, _, wanted, reached in _answered(figures)
        for series, number in (("wanted", wanted), ("answered", reached))
    ]


def answering(figures: Mapping[str, Released]) -> Chart | None:
    """How many answer, beside what is wanted; None where neither share may be shown."""
    items = [Pair(gettext(name), wanted, reached) for _, name, wanted, reached in _answered(figures)]
    if not items:
        return None
    short = [each for each in items if each.after < each.before]
    if not short:
        title = gettext("As many answer as is wanted")
    elif len(short) < len(items):
        title = gettext("Fewer answer than is wanted: %(which)s") % {"which": short[0].label}
    else:
        title = gettext("Fewer answer than is wanted")
    return pairs(
        title,
        items,
        label=gettext("Answers"),
        names=(gettext("wanted"), gettext("answered")),
        write=lambda share: gettext("%(number)s %%") % {"number": number(share, 0 if share == int(share) else 1)},
        definition=gettext(
            "Of the completed visits whose guest was to answer by now, those that did. Wanted is what an online survey"
            " reached in CEPOL's exchange programme of 2009 and 2010."
        ),
    )
