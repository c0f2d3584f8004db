"""The pages of an agreement: its versions and their differences, proposal, check, signature.

A proposal is previewed with its differences before it is signed, so it is no `Decision`.
"""

from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from services.applications.forms import refuse
from services.applications.guards import Pair, PairOrDecider
from services.applications.mentorships.actions import agreement as actions
from services.applications.mentorships.forms import TermsForm
from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.model.pair import ONGOING, PAIR
from services.applications.mentorships.pages.common import load_own_view, load_view, mentorship_path, name_of, router
from services.applications.mentorships.views.mentorship import MentorshipView
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.text_difference import Row, difference
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import dates
from shared.web.form_versions import show_both
from shared.web.forms import number, version_of
from shared.web.render import render, see_other
from shared.web.stale_forms import Beside, outdated_by, stale_page
from shared.web.states import state


@router.get("/{mentorship_id}/agreement")
async def read_agreement(request: Request, mentorship_id: UUID, principal: PairOrDecider, bus: BusDep) -> Response:
    """Show the agreement: the version in force, the one to sign and how it differs, and all versions."""
    view = await load_view(bus, principal, mentorship_id)
    return _page(request, view)


def _page(request: Request, view: MentorshipView) -> Response:
    agreement, party = view.agreement, view.party
    holds, waits = agreement.in_force, agreement.to_sign
    signed = agreement.signed(waits.version) if waits is not None else {}
    return render(
        request,
        "mentorships/agreement.html",
        view=view,
        mentorship=view.mentorship,
        reference=view.of.case.application.reference,
        party=party,
        holds=holds,
        waits=waits,
        by=name_of(view, waits.party) if waits is not None and waits.party else "",
        rows=[] if holds is None or waits is None else _between(holds.text, waits.text),
        signed=_signatures(view, waits.version) if waits is not None else [],
        holds_signed=_signatures(view, holds.version) if holds is not None else [],
        may_sign=party is not None and waits is not None and party not in signed,
        may_take_back=waits is not None and waits.party is not None and waits.party == party,
        may_propose=party is not None and view.mentorship.stands in ONGOING,
        versions=[_listed(view, row.version) for row in reversed(agreement.rows)],
        done=request.query_params.get("done"),
    )


def _between(old: str, new: str) -> list[Row]:
    """Return how the second text differs from the first."""
    return difference(model.clauses(old), model.clauses(new))


def _signatures(view: MentorshipView, version: int) -> list[tuple[str, str]]:
    marks = view.agreement.signed(version)
    return [
        (
            name_of(view, party),
            gettext("signed on %(day)s") % {"day": dates.day(marks[party].at)}
            if party in marks
            else gettext("not signed yet"),
        )
        for party in PAIR
    ]


def _listed(view: MentorshipView, version: int) -> list[Any]:
    row = view.agreement.row(version)
    assert row is not None
    name = gettext("Version %(number)s") % {"number": row.version}
    link: Any = name
    if view.party is not None:
        link = {"text": name, "href": mentorship_path(view.mentorship.id, f"agreement/versions/{row.version}")}
    return [
        link,
        name_of(view, row.party) if row.party else labels.label("programme"),
        dates.day(row.at, short=True),
        state("agreement", view.agreement.states[row.version]),
        [f"{name}: {when}" for name, when in _signatures(view, row.version)],
    ]


@router.get("/{mentorship_id}/agreement/versions/{version}")
async def read_version(request: Request, mentorship_id: UUID, version: int, principal: Pair, bus: BusDep) -> Response:
    """Show one version, to read and print, and how it differs from the one in force before it."""
    view = await load_own_view(bus, principal, mentorship_id)
    row = view.agreement.row(version)
    if row is None:
        raise not_found()
    earlier = [
        candidate.number for candidate in view.agreement.versions if candidate.complete and candidate.number < version
    ]
    before = view.agreement.row(max(earlier)) if earlier else None
    return render(
        request,
        "mentorships/version.html",
        view=view,
        row=row,
        reference=view.of.case.application.reference,
        state=state("agreement", view.agreement.states[version]),
        signed=_signatures(view, version),
        before=before,
        rows=[] if before is None else _between(before.text, row.text),
        back_href=mentorship_path(mentorship_id, "agreement"),
    )


@router.get("/{mentorship_id}/agreement/propose")
async def write(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Show the form for the next version, filled with the one that waits or is in force."""
    view = await load_own_view(bus, principal, mentorship_id)
    if view.mentorship.stands not in ONGOING:
        return see_other(mentorship_path(mentorship_id, "agreement"))
    before = view.agreement.to_sign or view.agreement.in_force or view.agreement.rows[-1]
    return _form_page(request, view, TermsForm.of(before.terms))


def _form_page(
    request: Request, view: MentorshipView, form: TermsForm, status: int = 200, based_on: int | None = None
) -> Response:
    return render(
        request,
        "mentorships/propose.html",
        status,
        view=view,
        form_=form,
        reference=view.of.case.application.reference,
        planned=view.until,
        based_on=view.agreement.newest if based_on is None else based_on,
        back_href=mentorship_path(view.mentorship.id, "agreement"),
    )


def _refused_page(request: Request, view: MentorshipView, form: TermsForm, refused: Outdated | Refused) -> Response:
    """Show a proposal again that was not made: beside the terms as they are now, or with what is wrong."""
    if isinstance(refused, Outdated):
        now = view.agreement.to_sign or view.agreement.in_force or view.agreement.rows[-1]
        by = name_of(view, now.party) if now.party else ""
        show_both(request, refused, form, TermsForm.of(now.terms), by=by, at=now.at)
    else:
        refuse(form, refused)
    return _form_page(request, view, form, refused.status_code)


@router.post("/{mentorship_id}/agreement/propose")
async def propose(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Show the version with its differences; `step=sign` proposes and signs it, `step=change` returns to the form."""
    view, sent = await load_own_view(bus, principal, mentorship_id), await request.form()
    form = await TermsForm.read(request)
    based_on = number(sent.get("version")) or view.agreement.newest
    if sent.get("step") == "change":
        return _form_page(request, view, form, based_on=based_on)
    if not form.validate():
        return _form_page(request, view, form, 422, based_on)
    terms = form.terms()
    if sent.get("step") == "sign":
        try:
            await actions.propose(bus, principal, mentorship_id, terms, based_on=based_on)
        except (Outdated, Refused) as refused:
            fresh = await load_own_view(bus, principal, mentorship_id)
            return _refused_page(request, fresh, form, refused)
        return see_other(mentorship_path(mentorship_id, "agreement") + "?done=proposed")
    before = view.agreement.to_sign or view.agreement.in_force or view.agreement.rows[-1]
    if before.terms == terms:
        form.refuse("", gettext("You have not changed anything yet. Change what you want to agree on."))
        return _form_page(request, view, form, 422, based_on)
    holds = view.agreement.in_force or view.agreement.rows[0]
    text = model.agreement(
        view.of.case.application.reference or "", view.mentorship.plan, terms, view.agreement.newest + 1
    )
    return render(
        request,
        "mentorships/check.html",
        view=view,
        form_=form,
        reference=view.of.case.application.reference,
        text=text,
        holds=holds,
        rows=difference(model.clauses(holds.text), model.clauses(text)),
        based_on=based_on,
        back_href=mentorship_path(mentorship_id, "agreement"),
    )


@router.post("/{mentorship_id}/sign")
async def sign(request: Request, mentorship_id: UUID, principal: Pair, bus: BusDep) -> Response:
    """Sign the version that the page showed; where another one waits, show both and ask for that one."""
    number = await version_of(request)
    try:
        await actions.sign(bus, principal, mentorship_id, number)
    except (Outdated, Refused) as refused:
        outdated = outdated_by(refused)
        view = await load_own_view(bus, principal, mentorship_id)
        return await stale_page(request, outdated, _both_texts(view, number))
    return see_other(mentorship_path(mentorship_id, "agreement") + "?done=signed")


def _both_texts(view: MentorshipView, number: int | None) -> Beside:
    """Return the version that was read beside the one that waits for a signature, for the page about a stale form."""
    waits, read = view.agreement.to_sign, view.agreement.row(number or 0)
    if waits is None or read is None or read.version == waits.version:
        return Beside()
    more = {
        "waits": waits,
        "read": read,
        "by": name_of(view, waits.party) if waits.party else "",
        "rows": _between(read.text, waits.text),
    }
    button = gettext("Sign version %(number)s") % {"number": waits.version}
    labels_elsewhere = {gettext("Version of the agreement"), gettext("Text of the agreement")}
    return Beside(template="mentorships/stale_signature.html", more=more, button=button, elsewhere=labels_elsewhere)


@router.post("/{mentorship_id}/agreement/versions/{version}/take-back")
async def take_back(mentorship_id: UUID, version: int, principal: Pair, bus: BusDep) -> Response:
    """Withdraw one's own proposal."""
    await actions.take_back(bus, principal, mentorship_id, version)
    return see_other(mentorship_path(mentorship_id, "agreement") + "?done=taken_back")
