"""A suspension ends access and releases of names at once, except for continuing cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from shared.contracts import matches
from shared.identity import service_headers
from shared.time import clock
from tests.integration.applications.suspension import FINISH, choosing, sign_in_again, suspend
from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


async def test_access_ends_at_once_and_is_restored(abroad: Abroad) -> None:
    """Old sessions lose their roles, and reinstatement restores them, except for grants that ended meanwhile."""
    programme = abroad.of
    draft = await abroad.post("nino", "/applications", {"call_id": programme.call["id"], "kind": "mentee"}, 201)
    for subject in ("nino", "giorgi"):
        assert (await programme.as_(subject).get("/applications/")).status_code == 200
    await suspend(abroad, "GE", FINISH)
    for subject, path in (("nino", "/applications/calls"), ("giorgi", "/applications/cases")):
        over = await programme.as_(subject).get(path)
        assert over.headers["location"].startswith("/sign-in?next=")
        sign_in_again(programme, subject)
        assert (await programme.as_(subject).get("/applications/")).status_code == 200
    refused = await programme.as_("giorgi").get("/applications/cases")
    assert refused.status_code == 403
    assert "is suspended" in refused.text
    await abroad.get("nino", f"/applications/{draft['id']}", 403)
    assert (await programme.as_("ani").get("/applications/")).status_code == 200
    # The coordinator leaves while the country is suspended.
    gone = programme.person("giorgi", "Giorgi Maisuradze", "GE", "national_coordinator") | {"grants": []}
    await abroad.post("programme", "/people", {"people": [gone]}, 201)
    await abroad.post("programme", "/partners/GE/reinstatement", {"since": str(clock.today())}, 201)
    kept = await abroad.get("nino", f"/applications/{draft['id']}")
    assert kept["state"] == "draft"
    assert (await sign_in_again(programme, "giorgi").get("/applications/cases")).status_code == 403


async def test_people_of_a_continuing_case_keep_access_to_it(abroad: Abroad) -> None:
    """An officer of a suspended country reaches the continuing visit, and nothing else."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = abroad.pairings[match_id]["application_id"]
    other = await abroad.post("ani", "/applications", {"call_id": abroad.of.call["id"], "kind": "mentee"}, 201)
    await suspend(abroad, "AM", choosing("home", "waiting", "cancel"))
    for subject in ("ani", "tigran"):
        sign_in_again(abroad.of, subject)
    assert (await abroad.get("ani", f"/visits/{visit_id}"))["id"] == str(visit_id)
    await abroad.get("ani", f"/matches/{match_id}")
    await abroad.get("ani", f"/applications/{application_id}")
    await abroad.get("ani", f"/applications/{other['id']}", 403)
    await abroad.get("ani", "/applications", 403)
    await abroad.get("tigran", f"/matches/{match_id}", 403)
    home = (await abroad.of.as_("ani").get("/applications/")).text
    assert f"/applications/matches/{match_id}" in home
    assert "Officer, Armenia: suspended" in home
    assert "do not apply for now" in (await abroad.of.as_("ani").get("/applications/account")).text
    sign_in_again(abroad.of, "nino")
    await abroad.get("nino", f"/visits/{visit_id}", 404)
    await abroad.post("programme", "/partners/AM/reinstatement", {"since": str(clock.today())}, 201)
    await abroad.get("ani", f"/applications/{other['id']}")


async def test_names_are_hidden_while_a_match_is_not_confirmed(abroad: Abroad) -> None:
    """A suspension hides the guest's name from the host coordinator unless a confirmed visit goes on."""
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    assert "Ani Petrosyan" in (await abroad.of.as_("luc").get(f"/applications/matches/{match_id}")).text
    await suspend(abroad, "AM", FINISH)
    assert "Ani Petrosyan" not in (await abroad.of.as_("luc").get(f"/applications/matches/{match_id}")).text
    await abroad.publish(matches.MatchConfirmed, match_id)
    assert "Ani Petrosyan" in (await abroad.of.as_("luc").get(f"/applications/matches/{match_id}")).text


async def test_people_of_a_suspended_country_still_get_messages(abroad: Abroad) -> None:
    """Coordinator and officer of a suspended country receive the notice."""
    application_id = await abroad.eligible()
    await suspend(abroad, "AM", FINISH)
    service = service_headers("notifications", SERVICE_TOKEN)
    for wanted in (
        {"audience": "applicant", "application_id": application_id},
        {"audience": "home_coordinator", "country": "AM"},
    ):
        answer = await abroad.of.as_("programme").post(
            "/applications/internal/contacts", json={"purpose": "notice", **wanted}, headers=service
        )
        assert len(answer.json()["recipients"]) == 1


async def test_a_suspension_takes_effect_with_its_commit(abroad: Abroad) -> None:
    """The portal's own table of suspensions is written in the same transaction."""
    await suspend(abroad, "GE", FINISH)
    async with abroad.of.app.state.service.bus.read() as session:
        found = (await session.execute(sa.text("SELECT country, since FROM suspension"))).all()
    assert found == [("GE", clock.today())]
