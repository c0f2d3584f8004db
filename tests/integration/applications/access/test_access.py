"""Owners confirm addresses, access is confirmed once a year, and deputies act for a time."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from services.applications.access.actions.yearly_confirmation import lapse, move
from services.applications.contacts.actions import ContactRequest, contacts
from services.applications.parameters import seal_of
from services.applications.register.model.grants import ConfirmationTimes
from services.applications.register.store.entries import Partner
from shared.contracts.codes import AudienceKind, PartnerStatus
from shared.time import clock
from tests.integration.applications.suspension import sign_in_again
from tests.support import ReadFirst, items, move_to, ticked_versions

if TYPE_CHECKING:
    from services.applications.contacts.views import Recipient
    from tests.integration.applications.conftest import Programme

PAGES = "/applications/register"
TIMES = ConfirmationTimes()


async def person(programme: Programme, subject: str) -> dict[str, Any]:
    """Return a person of the register, as the programme reads it."""
    found = (await programme.get("programme", "/people"))["items"]
    return next(entry for entry in found if entry["subject"] == subject)


async def grants(programme: Programme, subject: str) -> list[dict[str, Any]]:
    """Return a person's grants, as the programme reads them."""
    found = await programme.get("programme", f"/register/people/{(await person(programme, subject))['id']}")
    return list(found["grants"])


async def access_events(programme: Programme, subject: str) -> list[dict[str, Any]]:
    """Return the access events about a person, in order."""
    return [payload for _, key, payload in await programme.journal("exchange.access") if key == subject]


async def newcomer(programme: Programme) -> dict[str, Any]:
    """Enter a person by the page, so that nobody confirms the address for them."""
    entry = {
        "subject": "lusine",
        "name": "Lusine Grigoryan",
        "email": "lusine@police.example",
        "country": "AM",
        "organisation_id": programme.organisations["AM"],
        "grants": [{"role": "officer", "country": "AM", "since": str(clock.today())}],
    }
    body = {"change": {"kind": "person", "entry": entry}, "new": True}
    await programme.post("programme", "/register/proposals", body, 201)
    return await person(programme, "lusine")


async def mail_recipient(programme: Programme, recipient: str, purpose: str = "address_to_confirm") -> list[Recipient]:
    """Return the address and link to which notifications would write now."""
    wanted = ContactRequest(AudienceKind.PERSON, purpose, recipient_id=UUID(recipient))
    state = programme.app.state.service
    return await contacts(state.bus, "notifications", wanted, seal=seal_of(state.settings))


async def coordinators(programme: Programme, country: str) -> tuple[list[str], list[str]]:
    """Return the coordinators of a country, and their deputies, to whom notifications would write."""
    kinds = (AudienceKind.HOME_COORDINATOR, AudienceKind.HOME_DEPUTY)
    bus = programme.app.state.service.bus
    found = [
        await contacts(bus, "notifications", ContactRequest(kind, "deadline_near", country=country)) for kind in kinds
    ]
    who, deputies = ([recipient.name for recipient in each] for each in found)
    return who, deputies


def stranger(programme: Programme) -> httpx2.AsyncClient:
    """Return a client without a session: the owner of a mailbox, or a scanner that opens the links of mails."""
    return httpx2.AsyncClient(
        transport=ReadFirst(programme.app), base_url="http://localhost:8000", headers={"Accept": "text/html"}
    )


async def test_an_address_is_confirmed_by_the_button_only(programme: Programme) -> None:
    """A GET confirms nothing, a POST does, and only then does the programme write to the address."""
    made = await newcomer(programme)
    assert (await access_events(programme, "lusine"))[-1]["contact_check"] is not None
    assert await mail_recipient(programme, made["id"], "access_lapsed") == []
    (recipient,) = await mail_recipient(programme, made["id"])
    assert (recipient.name, recipient.address) == ("", "lusine@police.example")
    async with stranger(programme) as client:
        for _ in range(2):
            page = await client.get(str(recipient.link))
            assert page.status_code == 200
            assert "Yes, this is my address" in page.text
        assert (await person(programme, "lusine"))["email_verified_at"] is None
        assert "Your address is confirmed" in (await client.post(str(recipient.link))).text
        assert "Your address is confirmed" in (await client.post(str(recipient.link))).text
        for unknown in (
            await client.get(str(recipient.link)[:-3] + "xxx"),
            await client.post("/applications/address/nothing"),
        ):
            assert unknown.status_code == 404
            assert "Links like this confirm a service email address." in unknown.text, "what the link is for"
            assert "ask for a new link in your account" in unknown.text, "what to do"
    assert (await person(programme, "lusine"))["email_verified_at"] is not None
    assert (await access_events(programme, "lusine"))[-1]["contact_confirmed"] is True
    assert await mail_recipient(programme, made["id"]) == []
    assert [entry.address for entry in await mail_recipient(programme, made["id"], "access_lapsed")] == [
        "lusine@police.example"
    ]


async def test_a_link_expires_after_a_week_or_with_a_newer_link(programme: Programme) -> None:
    """The mail can be sent again five times a day, and only the newest link works."""
    made = await newcomer(programme)
    (first,) = await mail_recipient(programme, made["id"])
    assert (await programme.as_("tigran").post(f"{PAGES}/people/{made['id']}/address")).status_code == 303
    assert (await programme.as_("giorgi").post(f"{PAGES}/people/{made['id']}/address")).status_code == 404
    assert (await programme.as_("lusine").post("/applications/account/address")).status_code == 303
    (newest,) = await mail_recipient(programme, made["id"])
    async with stranger(programme) as client:
        assert (await client.post(str(first.link))).status_code == 409
        clock.move(timedelta(days=8))
        assert "This link is no longer valid" in (await client.get(str(newest.link))).text
        assert (await client.post(str(newest.link))).status_code == 409
    assert await mail_recipient(programme, made["id"]) == []
    for _ in range(5):
        await programme.post("lusine", "/register/own-address", status=202)
    await programme.post("lusine", "/register/own-address", status=409)
    await programme.post("ani", "/register/own-address", status=409)


async def test_a_new_address_counts_once_it_is_confirmed(programme: Programme) -> None:
    """The programme writes to the old address until the new one is confirmed, and a taken address is refused."""
    ani = await person(programme, "ani")
    entry = {name: ani[name] for name in ("subject", "name", "country", "organisation_id")}
    entry |= {"email": "ani.new@police.example", "grants": await grants(programme, "ani")}
    body = {"change": {"kind": "person", "entry": entry}, "version": ani["version"]}
    await programme.post("programme", "/register/proposals", body, 201)
    now = await person(programme, "ani")
    assert (now["email"], now["email_wanted"]) == ("ani@police.example", "ani.new@police.example")
    assert [row.address for row in await mail_recipient(programme, ani["id"], "other")] == ["ani@police.example"]
    (link_recipient,) = await mail_recipient(programme, ani["id"])
    async with stranger(programme) as client:
        await client.post(str(link_recipient.link))
    now = await person(programme, "ani")
    assert (now["email"], now["email_wanted"]) == ("ani.new@police.example", None)


async def test_unconfirmed_access_lapses_and_is_restored(programme: Programme) -> None:
    """Access is due after eleven months, lapses after a year and thirty days, and is restored by confirming."""
    ani, tigran = await person(programme, "ani"), await person(programme, "tigran")
    bus = programme.app.state.service.bus
    assert (await programme.get("tigran", "/register/access"))["items"] == []
    clock.move(timedelta(days=340))
    due = (await programme.get("tigran", "/register/access"))["items"]
    assert {entry["name"]: entry["may_confirm"] for entry in due} == {"Ani Petrosyan": True, "Tigran Hakobyan": False}
    overview = (await programme.as_("tigran").get(PAGES)).text
    assert re.search(">1</span> <span[^>]*>person with access to confirm<", overview)
    listed = (await programme.as_("tigran").get(f"{PAGES}/access")).text.partition("<main")[2]
    assert "Ani Petrosyan" in listed
    assert "Tigran Hakobyan" not in listed
    assert await lapse(bus, TIMES) == 0
    address = f"{PAGES}/access/confirm?person={ani['id']}&person={tigran['id']}"
    page = (await programme.as_("tigran").get(address)).text
    assert "Confirm access of this person?" in page
    assert "Ani Petrosyan" in page.partition("What will happen")[2]
    assert "This is your own access. Somebody else confirms it." in page.partition("What will happen")[0]
    answer = await programme.as_("tigran").post(address, data=ticked_versions(page))
    assert answer.status_code == 303
    done = (await programme.as_("tigran").get(answer.headers["location"])).text
    assert "Access of 1 person confirmed for another year" in done
    assert "1 was left as it is" in done
    assert len((await programme.get("tigran", "/register/access"))["items"]) == 1

    clock.move(timedelta(days=60))
    assert await lapse(bus, TIMES) > 0
    assert await lapse(bus, TIMES) == 0
    last = (await access_events(programme, "tigran"))[-1]
    assert (last["grants"], last["lapsed_on"]) == ([], str(clock.today()))
    assert (await programme.as_("tigran").get(PAGES)).headers["location"].startswith("/sign-in?")
    assert (await sign_in_again(programme, "tigran").get(PAGES)).status_code == 403
    assert (await grants(programme, "ani"))[0]["role"] == "officer"

    # The only programme coordinator stays, and gives the others theirs back.
    await programme.post("programme", "/register/access/confirm", {"people": items(tigran["id"])})
    last = (await access_events(programme, "tigran"))[-1]
    assert [grant["role"] for grant in last["grants"]] == ["national_coordinator"]
    assert (last["lapsed_on"], last["confirmed_on"]) == (None, str(clock.today()))
    assert (await sign_in_again(programme, "tigran").get(PAGES)).status_code == 200


async def test_nobody_confirms_their_own_access_or_that_of_another_country(programme: Programme) -> None:
    """The reader is left out, a person of another country is not found, an empty selection is an error."""
    ids = {name: (await person(programme, name))["id"] for name in ("ani", "tigran", "nino", "programme")}
    answer = await programme.post("tigran", "/register/access/confirm", {"people": items(ids["tigran"], ids["nino"])})
    assert (answer["done"], [person["id"] for person in answer["left"]]) == ([], [ids["tigran"]])
    answer = await programme.post(
        "programme", "/register/access/confirm", {"people": items(ids["programme"], ids["nino"])}
    )
    assert (answer["done"], [person["id"] for person in answer["left"]]) == ([ids["nino"]], [ids["programme"]])
    empty = await programme.as_("tigran").post(f"{PAGES}/access/confirm", data={})
    assert (empty.status_code, "Choose at least one person" in empty.text) == (422, True)
    await programme.post("claire", "/register/access/confirm", {"people": items(ids["ani"])}, 403)
    assert (await programme.as_("tigran").post(f"{PAGES}/people/{ids['ani']}/confirm")).status_code == 303


def days(form: str, day: date) -> dict[str, str]:
    """Return a date as three fields of a form."""
    return {f"{form}-day": str(day.day), f"{form}-month": str(day.month), f"{form}-year": str(day.year)}


async def test_a_deputy_acts_on_the_named_days_and_can_be_ended(programme: Programme) -> None:
    """A deputy has the holder's rights on the named days only, and the deputyship can be ended early."""
    ani, tigran = await person(programme, "ani"), await person(programme, "tigran")
    today = clock.today()
    form = {"role": "national_coordinator", "deputy": ani["id"]}
    form |= days("since", today + timedelta(days=1)) | days("until", today + timedelta(days=10))
    page = f"{PAGES}/deputies"
    assert (await programme.as_("tigran").post(page, data=form)).status_code == 303
    again = await programme.as_("tigran").post(page, data=form)
    assert (again.status_code, "There is already a deputy on some of these days" in again.text) == (422, True)
    assert "Ani Petrosyan" in (await programme.as_("tigran").get(page)).text
    assert "Tigran Hakobyan" in (await programme.as_("programme").get(f"{PAGES}/people/{ani['id']}")).text
    assert "Ani Petrosyan" in (await programme.as_("programme").get(f"{PAGES}/people/{tigran['id']}")).text

    assert (await sign_in_again(programme, "ani").get("/applications/cases")).status_code == 403
    clock.move(timedelta(days=2))
    assert (await programme.as_("ani").get("/applications/cases")).status_code == 200
    assert await coordinators(programme, "AM") == (["Ani Petrosyan", "Tigran Hakobyan"], ["Ani Petrosyan"])
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        tx.session.add(Partner(country="AM", since=clock.today(), status=PartnerStatus.SUSPENDED))
    assert await coordinators(programme, "AM") == (["Tigran Hakobyan"], [])  # nobody stands in for it any more
    body = {"deputy_id": ani["id"], "role": "national_coordinator", "since": str(today + timedelta(days=1))}
    await programme.post("giorgi", "/register/deputies/end", body, 404)
    key = f"{ani['id']}:national_coordinator:{today + timedelta(days=1)}"
    assert (await programme.as_("tigran").post(f"{page}/end", data={"deputy": key})).status_code == 303
    assert (await programme.as_("ani").get("/applications/cases")).headers["location"].startswith("/sign-in?")
    assert (await sign_in_again(programme, "ani").get("/applications/cases")).status_code == 403
    await programme.post("tigran", "/register/deputies/end", body)


@pytest.mark.parametrize(
    ("since", "until", "who", "field"),
    [(-1, 5, "ani", "since"), (0, -1, "ani", "until"), (5, 2, "ani", "until"), (0, 900, "ani", "until"),
     (0, 5, "nino", "deputy_id"), (0, 5, "tigran", "deputy_id")],
)  # fmt: skip
async def test_an_invalid_deputyship_is_refused(
    programme: Programme, since: int, until: int, who: str, field: str
) -> None:
    """Past, reversed or too many days, a person of another country and oneself are refused at the field."""
    today = clock.today()
    body = {
        "deputy_id": (await person(programme, who))["id"],
        "role": "national_coordinator",
        "since": str(today + timedelta(days=since)),
        "until": str(today + timedelta(days=until)),
    }
    answer = await programme.post("tigran", "/register/deputies", body, 422)
    assert f"/{field}" in {error.get("pointer") for error in answer["errors"]}


async def test_only_the_programme_names_deputies_for_others(programme: Programme) -> None:
    """Only the programme names deputies for others, whose deputies are not found by anybody else."""
    ani, tigran = await person(programme, "ani"), await person(programme, "tigran")
    today = clock.today()
    body = {"deputy_id": ani["id"], "role": "national_coordinator", "since": str(today), "until": str(today)}
    await programme.post("giorgi", "/register/deputies", body | {"holder_id": tigran["id"]}, 404)
    assert (await programme.as_("giorgi").get(f"{PAGES}/deputies?person={tigran['id']}")).status_code == 404
    await programme.post("programme", "/register/deputies", body | {"holder_id": tigran["id"]}, 201)
    assert (await programme.get("tigran", "/register/deputies"))["deputies"][0]["deputy"] == "Ani Petrosyan"


async def test_the_page_of_deputies_says_who_has_none(programme: Programme) -> None:
    """One's own page says to name a deputy or that no role can have one, and another person's names that person."""
    page = f"{PAGES}/deputies"
    assert "You have no deputy. Name one below" in (await programme.as_("tigran").get(page)).text
    own = (await programme.as_("programme").get(page)).text
    assert "You have no role now that can have a deputy" in own
    assert "You have no deputy" not in own
    tigran = await person(programme, "tigran")
    other = (await programme.as_("programme").get(f"{page}?person={tigran['id']}")).text
    assert "This person has no deputy" in other
    assert "You have no" not in other


async def test_a_leaver_hands_over(programme: Programme) -> None:
    """Open matters are shown first, access and deputyships end with the day, and a successor takes over."""
    made = await programme.submitted("ani")
    ani, tigran = await person(programme, "ani"), await person(programme, "tigran")
    page = f"{PAGES}/people/{ani['id']}/leave"
    assert made["reference"] in (await programme.as_("tigran").get(page)).text
    mine = f"{PAGES}/people/{tigran['id']}/leave"
    assert "Nobody else has this role" in (await programme.as_("programme").get(mine)).text
    last = clock.today() + timedelta(days=3)
    form = {"successor": ani["id"], **days("last_day", last)}
    over = await programme.as_("programme").post(mine, data=form | days("last_day", clock.today() - timedelta(days=1)))
    assert (over.status_code, "This day has passed" in over.text) == (422, True)
    for _ in range(2):
        assert (await programme.as_("programme").post(mine, data=form)).status_code == 303
        assert len(await grants(programme, "ani")) == 2
    async with programme.app.state.service.bus.read() as session:
        query = "SELECT action FROM register_change WHERE action IN ('left', 'took_over') ORDER BY action"
        assert list(await session.scalars(sa.text(query))) == ["left", "took_over"]
    assert [grant["until"] for grant in await grants(programme, "tigran")] == [str(last)]
    took = next(grant for grant in await grants(programme, "ani") if grant["role"] == "national_coordinator")
    assert (took["since"], took["until"]) == (str(last + timedelta(days=1)), None)
    clock.move(timedelta(days=5))
    assert (await sign_in_again(programme, "tigran").get(PAGES)).status_code == 403
    assert (await sign_in_again(programme, "ani").get(PAGES)).status_code == 200


async def test_a_transfer_keeps_the_person_and_moves_the_roles(programme: Programme) -> None:
    """After an approved transfer the old role ends the day before the new one begins."""
    ani = await person(programme, "ani")
    day = clock.today() + timedelta(days=4)
    form = {"organisation_id": programme.organisations["GE"], **days("day", day)}
    answer = await programme.as_("tigran").post(f"{PAGES}/people/{ani['id']}/transfer", data=form)
    proposal = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    await programme.post("programme", f"/register/proposals/{proposal}/approve")
    grants_by_country = {grant["country"]: grant for grant in await grants(programme, "ani")}
    assert grants_by_country["AM"]["until"] == str(day - timedelta(days=1))
    assert (grants_by_country["GE"]["since"], grants_by_country["GE"]["organisation_id"]) == (
        str(day),
        programme.organisations["GE"],
    )
    bus = programme.app.state.service.bus
    assert await move(bus) == 0
    assert (await person(programme, "ani"))["country"] == "AM"
    clock.move(timedelta(days=4))
    assert await move(bus) == 1
    now = await person(programme, "ani")
    assert (now["country"], now["organisation_id"], now["id"]) == ("GE", programme.organisations["GE"], ani["id"])
    assert (await programme.as_("tigran").get(f"{PAGES}/people/{ani['id']}")).status_code == 404
    assert "Ani Petrosyan" in (await programme.as_("giorgi").get(f"{PAGES}/people/{ani['id']}")).text


async def test_a_clearance_officer_manages_the_people_of_an_eu_agency(programme: Programme) -> None:
    """The clearance officer proposes people of the agency and confirms their access, and sees nobody else."""
    entry = {"name": "Agency for training", "kind": "eu_agency", "country": "EU", "city": "Budapest"}
    made = await programme.post("programme", "/organisations", {"organisations": [entry]}, 201)
    programme.organisations["EU"] = made["ids"][0]
    people = [
        programme.person("pieter", "Pieter Vries", "EU", "clearance_officer", organisation_id=made["ids"][0]),
        programme.person("eva", "Eva Novak", "EU", "mentor", organisation_id=made["ids"][0]),
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    new = {
        "subject": "max",
        "name": "Max Muster",
        "email": "max@agency.example",
        "country": "EU",
        "organisation_id": made["ids"][0],
        "grants": [
            {"role": "officer", "country": "EU", "organisation_id": made["ids"][0], "since": str(clock.today())}
        ],
    }
    body = {"change": {"kind": "person", "entry": new}, "new": True}
    assert (await programme.post("pieter", "/register/proposals", body, 201))["proposal"]["state"] == "waits"
    eva = await person(programme, "eva")
    answer = await programme.post("pieter", "/register/access/confirm", {"people": items(eva["id"])})
    assert answer["done"] == [eva["id"]]
    assert (await programme.as_("pieter").get(f"{PAGES}/people")).text.count("Petrosyan") == 0
    ani = await person(programme, "ani")
    assert (await programme.as_("pieter").get(f"{PAGES}/people/{ani['id']}")).status_code == 404
    listed = (await programme.as_("pieter").get(f"{PAGES}/organisations")).text
    assert "Agency for training" in listed
    assert f"{PAGES}/organisations/new" not in listed
    for answer in (
        await programme.as_("pieter").get(f"{PAGES}/organisations/new"),
        await programme.as_("pieter").post(f"{PAGES}/organisations/new", data=entry),
    ):
        assert answer.status_code == 403
        assert "The programme coordinator adds EU agencies." in answer.text


async def test_only_the_programme_changes_funds_and_excluded_pairs(programme: Programme) -> None:
    """Only the programme adds, changes and ends funds and pairs, and concurrent changes are refused."""
    today = clock.today()
    fund = {"name": "TOPCOP III", "payer": "European Commission", "active": "y", **days("since", today)}
    assert (await programme.as_("programme").post(f"{PAGES}/funds/new", data=fund)).status_code == 303
    listed = (await programme.get("programme", "/funds"))["items"]
    kept = next(entry for entry in listed if entry["name"] == "TOPCOP III")
    address = f"{PAGES}/funds/{kept['id']}"
    opened = ticked_versions((await programme.as_("programme").get(address)).text)
    renamed = fund | {"name": "TOPCOP IV"} | opened
    assert (await programme.as_("programme").post(address, data=renamed)).status_code == 303
    assert (await programme.as_("programme").post(address, data=fund | opened)).status_code == 412
    wrong = fund | days("until", today - timedelta(days=1))
    assert (await programme.as_("programme").post(address, data=wrong)).status_code == 422

    pair = {"between": "countries", "first_country": "AM", "second_country": "AM", "confidential": "y"}
    pair |= days("since", today - timedelta(days=9))
    page = f"{PAGES}/exclusions"
    assert (await programme.as_("programme").post(f"{page}/new", data=pair)).status_code == 422
    made = await programme.as_("programme").post(f"{page}/new", data=pair | {"second_country": "GE"})
    assert made.status_code == 303
    assert "Armenia" in (await programme.as_("programme").get(page)).text
    (exclusion,) = (await programme.get("programme", "/register/exclusions"))["items"]
    for path in (page, f"{page}/{exclusion['id']}", f"{PAGES}/funds"):
        assert (await programme.as_("tigran").get(path)).status_code == 403
    assert (await programme.as_("programme").post(f"{page}/{exclusion['id']}/end")).status_code == 303
    assert (await programme.journal("exchange.registry"))[-1][2]["until"] == str(today)


async def test_every_change_is_recorded_with_its_actor(programme: Programme) -> None:
    """The history has the changed fields, and the audit table the actor of each change."""
    ani = await person(programme, "ani")
    clock.move(timedelta(days=1))
    await programme.post("tigran", "/register/access/confirm", {"people": items(ani["id"])})
    query = sa.text("SELECT actor, action, before, after FROM register_change WHERE key = :key ORDER BY id")
    async with programme.app.state.service.bus.read() as session:
        found = [tuple(row) for row in (await session.execute(query, {"key": ani["id"]})).all()]
    assert [row[:2] for row in found] == [("programme", "entered"), ("tigran", "confirmed")]
    assert found[0][3]["name"] == "Ani Petrosyan"
    today = clock.today()
    assert found[1][2:] == (
        {"confirmed_on": str(today - timedelta(days=1))},
        {"confirmed_on": str(today)},
    )


async def test_access_lapses_once_all_that_arrived_in_time_is_answered(programme: Programme) -> None:
    """On its first day without a confirmation an access stays while one from the day before may still be answered."""
    bus = programme.app.state.service.bus
    confirmed_on = date.fromisoformat((await person(programme, "ani"))["confirmed_on"])
    first = confirmed_on + timedelta(days=TIMES.lapse + 1)
    move_to(first, 5)
    assert await lapse(bus, TIMES) == 0
    move_to(first, 12)
    assert await lapse(bus, TIMES) > 0
