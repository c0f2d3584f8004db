"""Countries propose people and organisations, and the programme decides, by page and by API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from shared.identity.versions import FIELD
from shared.time import clock
from tests.support import older, ticked_versions, without_versions

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

PAGES = "/applications/register"


def entry(programme: Programme, **changes: Any) -> dict[str, Any]:
    """Return a new officer of Armenia, as an entry of the register."""
    return {
        "subject": "lusine",
        "name": "Lusine Grigoryan",
        "email": "lusine@police.example",
        "country": "AM",
        "organisation_id": programme.organisations["AM"],
        "grants": [{"role": "officer", "country": "AM", "since": str(clock.today())}],
        **changes,
    }


def person_form(programme: Programme, **changes: str) -> dict[str, str]:
    """Return the same as a form sends it."""
    today = clock.today()
    return {
        "subject": "lusine",
        "name": "Lusine Grigoryan",
        "own_name": "",
        "email": "lusine@police.example",
        "language": "en",
        "country": "AM",
        "organisation_id": programme.organisations["AM"],
        "roles-0-role": "officer",
        "roles-0-since-day": str(today.day),
        "roles-0-since-month": str(today.month),
        "roles-0-since-year": str(today.year),
        **changes,
    }


async def proposed(programme: Programme, by: str = "tigran", **changes: Any) -> dict[str, Any]:
    """Propose a new person; return the waiting proposal."""
    body = {"change": {"kind": "person", "entry": entry(programme, **changes)}, "new": True}
    answer = await programme.post(by, "/register/proposals", body, 201)
    made: dict[str, Any] = answer["proposal"]
    return made


async def person_in_register(programme: Programme, subject: str) -> dict[str, Any]:
    """Return a person of the register, as the programme reads it."""
    found = (await programme.get("programme", "/people"))["items"]
    return next(event for event in found if event["subject"] == subject)


async def rows(programme: Programme, query: str) -> list[Any]:
    """Return rows of the portal's store."""
    async with programme.app.state.service.bus.read() as session:
        return list((await session.execute(sa.text(query))).all())


async def test_a_country_proposes_a_person_and_the_programme_approves_by_page(programme: Programme) -> None:
    """The person is entered on approval only, and the history names both authors."""
    answer = await programme.as_("tigran").post(f"{PAGES}/people/new", data=person_form(programme))
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"].partition("?")[0]
    assert "Waiting" in (await programme.as_("tigran").get(page)).text
    assert await rows(programme, "SELECT 1 FROM person WHERE subject = 'lusine'") == []

    shown = (await programme.as_("programme").get(page)).text
    assert "Lusine Grigoryan" in shown
    assert "Approve" in shown
    assert (await programme.as_("tigran").post(f"{page}/approve", data={"version": "0"})).status_code == 403
    assert (await programme.as_("programme").post(f"{page}/approve", data={"version": "0"})).status_code == 303
    assert "Approved" in (await programme.as_("tigran").get(page)).text

    person = await person_in_register(programme, "lusine")
    assert person["email_verified_at"] is None
    payloads = [payload for type_, key, payload in await programme.journal("exchange.access") if key == "lusine"]
    assert [(payload["grants"][0]["role"], payload["contact_confirmed"]) for payload in payloads] == [
        ("officer", False)
    ]
    kept = await rows(programme, "SELECT kind, action, actor FROM register_change ORDER BY id DESC LIMIT 2")
    assert [tuple(event) for event in kept] == [("person", "entered", "programme"), ("proposal", "proposed", "tigran")]
    # A second click is answered with what the first one reached.
    assert (await programme.as_("programme").post(f"{page}/approve", data={"version": "0"})).status_code == 303


async def test_no_personal_data_leaves_with_a_proposal_or_its_approval(programme: Programme) -> None:
    """No event contains the name, the address or the secret of the link."""
    made = await proposed(programme)
    await programme.post("programme", f"/register/proposals/{made['id']}/approve")
    journal = await rows(programme, "SELECT payload FROM journal")
    text = " ".join(str(event[0]) for event in journal)
    assert "Grigoryan" not in text
    assert "@" not in text


async def test_a_refusal_has_a_reason_and_a_proposal_can_be_withdrawn(programme: Programme) -> None:
    """The proposer reads the reason, decisions are final, and only the proposer withdraws a proposal."""
    made = await proposed(programme)
    path = f"/register/proposals/{made['id']}"
    await programme.post("programme", f"{path}/refuse", {"reason": "other"}, 422)
    await programme.post("tigran", f"{path}/refuse", {"reason": "incomplete"}, 403)
    await programme.post("programme", f"{path}/refuse", {"reason": "incomplete", "text": "Which unit?"})
    shown = (await programme.as_("tigran").get(f"{PAGES}/proposals/{made['id']}")).text
    assert "Something is missing or wrong" in shown
    assert "Which unit?" in shown
    await programme.post("programme", f"{path}/approve", None, 409)

    again = await proposed(programme)
    await programme.post("programme", f"/register/proposals/{again['id']}/take-back", None, 404)
    answer = await programme.as_("tigran").post(f"{PAGES}/proposals/{again['id']}/take-back")
    assert answer.status_code == 303
    await programme.post("tigran", f"/register/proposals/{again['id']}/take-back")
    page = f"{PAGES}/proposals/{again['id']}"
    assert (await programme.as_("programme").post(f"{page}/approve", data={})).status_code == 409


async def test_each_state_of_a_proposal_has_an_event_without_its_contents(programme: Programme) -> None:
    """Each state has an event with the proposer's opaque id and without the contents."""
    first = await proposed(programme)
    await programme.post("programme", f"/register/proposals/{first['id']}/refuse", {"reason": "incomplete"})
    second = await proposed(programme)
    await programme.post("tigran", f"/register/proposals/{second['id']}/take-back")
    third = await proposed(programme)
    await programme.post("programme", f"/register/proposals/{third['id']}/approve")
    tigran = (await person_in_register(programme, "tigran"))["id"]
    events = [
        (key, data) for kind, key, data in await programme.journal("exchange.registry") if kind == "ProposalChanged"
    ]
    for made, states in (
        (first, ["waits", "refused"]),
        (second, ["waits", "taken_back"]),
        (third, ["waits", "approved"]),
    ):
        assert [data["state"] for key, data in events if key == made["id"]] == states
    assert {(data["kind"], data["country"], data["proposer_id"]) for _, data in events} == {
        ("person_new", "AM", tigran)
    }


async def test_another_country_finds_nothing(programme: Programme) -> None:
    """Proposals, people and organisations of another country are not found, by page and by API."""
    made = await proposed(programme)
    ani = await person_in_register(programme, "ani")
    for path in (f"/proposals/{made['id']}", f"/people/{ani['id']}", f"/organisations/{programme.organisations['AM']}"):
        await programme.get("giorgi", f"/register{path}", 404)
        assert (await programme.as_("giorgi").get(f"{PAGES}{path}")).status_code == 404
    for path in ("edit", "leave", "transfer"):
        assert (await programme.as_("giorgi").get(f"{PAGES}/people/{ani['id']}/{path}")).status_code == 404
        assert (await programme.as_("giorgi").post(f"{PAGES}/people/{ani['id']}/{path}")).status_code == 404
    assert (await programme.as_("giorgi").post(f"{PAGES}/people/{ani['id']}/confirm")).status_code == 404
    body = {"change": {"kind": "leave", "subject": "ani", "last_day": str(clock.today())}}
    await programme.post("giorgi", "/register/proposals", body, 404)
    assert (await programme.get("giorgi", "/register/proposals"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"subject": "nino"}, "/change/entry/subject"),
        ({"email": "NINO@police.example"}, "/change/entry/email"),
        ({"country": "GE"}, "/change/entry/country"),
        ({"grants": [{"role": "programme_coordinator", "since": "2026-01-01"}]}, "roles"),
        ({"grants": [{"role": "officer", "country": "GE", "since": "2026-01-01"}]}, "roles"),
        ({"grants": [{"role": "host_contact", "country": "AM", "since": "2026-01-01"}]}, "roles"),
        ({"grants": [{"role": "officer", "country": "AM", "since": "2026-02-01", "until": "2026-01-01"}]}, "roles"),
    ],
)
async def test_invalid_proposals_are_refused(programme: Programme, changes: dict[str, Any], place: str) -> None:
    """A taken sign-in name or address, another country and a foreign role are refused at the field."""
    body = {"change": {"kind": "person", "entry": entry(programme, **changes)}, "new": True}
    answer = await programme.post("tigran", "/register/proposals", body, 422)
    assert place in {error.get("pointer", error.get("name")) for error in answer["errors"]}


async def test_the_same_proposal_again_is_answered_as_the_first(programme: Programme) -> None:
    """A second click on a proposal leads to the one that waits, and adds none."""
    first = await proposed(programme)
    assert await proposed(programme) == first
    assert len(await rows(programme, "SELECT id FROM proposal")) == 1


async def test_a_second_proposal_about_a_person_is_refused(programme: Programme) -> None:
    """A second proposal is refused while the first waits, and the form keeps its input."""
    await proposed(programme)
    form = person_form(programme, unit="Analysis unit")
    answer = await programme.as_("tigran").post(f"{PAGES}/people/new", data=form)
    assert answer.status_code == 409
    assert "is already waiting" in answer.text
    assert "Analysis unit" in answer.text


async def test_a_change_since_the_proposal_is_shown_and_kept(programme: Programme) -> None:
    """A stale proposal is approved only after the changes were shown, and changes only its own fields."""
    ani = await person_in_register(programme, "ani")
    base = await programme.get("programme", f"/register/people/{ani['id']}")
    person = {name: base["person"][name] for name in entry(programme) if name in base["person"]}
    person |= {"grants": base["grants"], "service": "police", "rank_group": "operational", "years_in_field": 6}
    body = {"change": {"kind": "person", "entry": person | {"unit": "Digital forensics"}}, "version": ani["version"]}
    async with without_versions(programme.as_("tigran"), programme.app) as program:
        for version, status in (("", 428), (older(ani["version"]), 412)):
            refused = await program.post("/applications/api/v1/register/proposals", json=body | {"version": version})
            assert (refused.status_code, refused.json()["errors"][0]["version"]) == (status, ani["version"])
    made = (await programme.post("tigran", "/register/proposals", body, 201))["proposal"]

    changed = base["person"] | {"email": "ani.p@police.example"}
    changed = {name: changed[name] for name in (*person, "own_name", "sex") if name != "grants"}
    await programme.post("programme", "/people", {"people": [changed | {"grants": base["grants"]}]}, 201)

    await programme.post("programme", f"/register/proposals/{made['id']}/approve", None, 409)
    page = f"{PAGES}/proposals/{made['id']}"
    shown = (await programme.as_("programme").get(page)).text
    assert "ani.p@police.example" in shown
    assert "Approve anyway" in shown
    read = await programme.get("programme", f"/register/proposals/{made['id']}")
    changed_since = {change["field"]: (change["before"], change["after"]) for change in read["meanwhile"]}
    assert changed_since["email"] == ("ani@police.example", "ani.p@police.example")
    answer = await programme.as_("programme").post(f"{page}/approve", data={"version": str(made["base_version"])})
    assert answer.status_code == 409
    approval = {"entry_version": read["entry_version"]}
    await programme.post("programme", f"/register/proposals/{made['id']}/approve", approval)
    now = await person_in_register(programme, "ani")
    assert (now["unit"], now["email"]) == ("Digital forensics", "ani.p@police.example")


async def test_the_second_of_two_changes_to_a_person_is_refused(programme: Programme) -> None:
    """The second of two concurrent changes is refused with a message, and the form keeps its input."""
    ani = await person_in_register(programme, "ani")
    page = f"{PAGES}/people/{ani['id']}/edit"
    form = person_form(programme, name="Ani Petrosyan", email="ani@police.example", unit="First")
    form |= {FIELD: ani["version"], "roles-0-since-day": "1", "roles-0-since-month": "1", "roles-0-since-year": "2025"}
    assert (await programme.as_("programme").post(page, data=form)).status_code == 303
    answer = await programme.as_("programme").post(page, data=form | {"unit": "Second"})
    assert answer.status_code == 412
    assert "changed since you read it" in answer.text
    assert all(unit in answer.text for unit in ("First", "Second")), "both are shown"
    assert (await person_in_register(programme, "ani"))["unit"] == "First"


async def test_several_are_approved_at_once_and_the_rest_is_named(programme: Programme) -> None:
    """A page names what each changes and which cannot be approved; those are left with the reason.

    An empty selection is an error.
    """
    first = await proposed(programme)
    second = await proposed(programme, subject="arman", name="Arman Sarg", email="arman@police.example")
    third = await proposed(programme, "giorgi", subject="levan", email="taken@police.example", country="GE",
                           organisation_id=programme.organisations["GE"],
                           grants=[{"role": "mentor", "country": "GE", "since": "2026-01-01"}])  # fmt: skip
    # While it waits, somebody else gets the address.
    taker = programme.person("taker", "Taker Taken", "FR", "mentor") | {"email": "taken@police.example"}
    await programme.post("programme", "/people", {"people": [taker]}, 201)
    page = f"{PAGES}/proposals/several"
    assert (await programme.as_("tigran").get(page)).status_code == 403
    assert (await programme.as_("programme").post(page, data={})).status_code == 422
    chosen = [first["id"], second["id"], third["id"]]
    shown = (await programme.as_("programme").get(f"{PAGES}/proposals?state=waits")).text
    assert all(f'value="{proposal}"' in shown for proposal in chosen)
    address = f"{page}?{urlencode({'proposal': chosen}, doseq=True)}"
    question = (await programme.as_("programme").get(address)).text
    able, unable = named_on(question)
    assert (able, unable) == ({first["id"], second["id"]}, {third["id"]})
    answer = await programme.as_("programme").post(address, data=ticked_versions(question))
    assert answer.status_code == 303, answer.text
    answer = await programme.as_("programme").get(answer.headers["location"])
    assert answer.status_code == 200
    assert "2 proposals are approved" in answer.text
    assert f'href="{PAGES}/proposals?state=waits"' in answer.text
    assert "Another person in the register has this address" in answer.text
    assert {item["state"] for item in (await programme.get("programme", "/register/proposals"))["items"]} == {
        "approved",
        "waits",
    }


def named_on(page: str) -> tuple[set[str], set[str]]:
    """Return the ids of the proposals that a page says can be approved, and of those that cannot."""
    sent = page.partition("What will happen")
    named = [set(re.findall(rf'href="{PAGES}/proposals/([0-9a-f-]+)"', part)) for part in (sent[2], sent[0])]
    return named[0], named[1]


async def test_a_proposal_that_newer_rules_refuse_is_listed_and_can_be_refused(programme: Programme) -> None:
    """It has no change in the API, its page says that it cannot be entered, and it cannot be approved."""
    made, other = await proposed(programme), await proposed(programme, subject="arman", email="arman@police.example")
    async with programme.app.state.service.bus.transaction("test") as tx:
        await tx.session.execute(
            sa.text("UPDATE proposal SET change = jsonb_set(change, '{entry,years_in_field}', '999') WHERE id = :id"),
            {"id": made["id"]},
        )
    listed = {item["id"]: item for item in (await programme.get("tigran", "/register/proposals"))["items"]}
    assert (listed[made["id"]]["change"], listed[made["id"]]["name"]) == (None, "Lusine Grigoryan")
    assert listed[other["id"]]["change"] == other["change"]
    path, page = f"/register/proposals/{made['id']}", f"{PAGES}/proposals/{made['id']}"
    assert (await programme.get("programme", path))["changes"] == []
    reader = programme.as_("programme")
    assert (await reader.get(f"{PAGES}/proposals")).status_code == 200
    shown = (await reader.get(page)).text
    assert "This cannot be entered as it is" in shown
    assert ('type="submit">Approve' in shown, f'href="{page}/refuse"' in shown) == (False, True)
    able, unable = named_on((await reader.get(f"{PAGES}/proposals/several?proposal={made['id']}")).text)
    assert (able, unable) == (set(), {made["id"]})
    await programme.post("programme", f"{path}/approve", None, 422)
    await programme.post("programme", f"{path}/refuse", {"reason": "incomplete"})


async def test_a_pair_is_entered_by_page_and_ended(programme: Programme) -> None:
    """The form names what is missing, and the page of a pair that has no end has a button that ends it."""
    today, reader = clock.today(), programme.as_("programme")
    form = {"between": "countries", "first_country": "AM", "since-day": str(today.day)}
    form |= {"since-month": str(today.month), "since-year": str(today.year)}
    page = await reader.post(f"{PAGES}/exclusions/new", data=form)
    assert (page.status_code, 'href="#second_country"' in page.text) == (422, True)
    assert "End it today" not in page.text
    answer = await reader.post(f"{PAGES}/exclusions/new", data=form | {"second_country": "GE"})
    assert answer.status_code == 303, answer.text
    listed = (await reader.get(answer.headers["location"])).text
    address = re.search(rf"{PAGES}/exclusions/[0-9a-f-]{{36}}", listed)
    assert address is not None
    assert "End it today" in (await reader.get(address[0])).text
    assert (await reader.post(f"{address[0]}/end")).status_code == 303
    assert "End it today" not in (await reader.get(address[0])).text


async def test_the_way_back_from_a_proposal_keeps_the_filters_of_the_list(programme: Programme) -> None:
    """The link leads to the list as it was shown last."""
    made = await proposed(programme)
    reader = programme.as_("programme")
    await reader.get(f"{PAGES}/proposals?state=waits&kind=person_new")
    shown = (await reader.get(f"{PAGES}/proposals/{made['id']}")).text
    assert f'class="govuk-back-link" href="{PAGES}/proposals?state=waits&amp;kind=person_new"' in shown


async def test_an_organisation_from_proposal_to_inactive(programme: Programme) -> None:
    """A proposed organisation is approved, changed, and deactivated after its open matters were shown."""
    form = {"name": "Customs of Armenia", "kind": "agency", "country": "AM", "city": "Yerevan", "note": "New partner"}
    answer = await programme.as_("tigran").post(f"{PAGES}/organisations/new", data=form)
    proposal = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    await programme.post("programme", f"/register/proposals/{proposal}/approve")
    made = [
        event for event in await programme.journal("exchange.registry") if event[2].get("name") == "Customs of Armenia"
    ]
    assert len(made) == 1
    address = f"{PAGES}/organisations/{made[0][1]}"

    opened = ticked_versions((await programme.as_("programme").get(f"{address}/edit")).text)
    changed = form | {"name": "Customs service of Armenia"} | opened
    assert (await programme.as_("programme").post(f"{address}/edit", data=changed)).status_code == 303
    assert (await programme.as_("programme").post(f"{address}/edit", data=changed)).status_code == 303
    stale = await programme.as_("programme").post(f"{address}/edit", data=changed | {"name": "Another name"})
    assert stale.status_code == 412
    assert "Customs service of Armenia" in (await programme.as_("tigran").get(address)).text
    assert (await programme.as_("giorgi").get(address)).status_code == 404

    assert "Stop the organisation taking part?" in (await programme.as_("programme").get(f"{address}/activity")).text
    answer = await programme.as_("programme").post(f"{address}/activity")
    assert answer.status_code == 303
    assert (await programme.journal("exchange.registry"))[-1][2]["active"] is False
    listed = await programme.as_("programme").get(f"{PAGES}/organisations?state=inactive")
    assert "Customs service of Armenia" in listed.text
    assert "Police of Armenia" not in listed.text


@pytest.mark.parametrize("name", ["", "=1+1", "x" * 201, "Customs\u202eof"])
async def test_invalid_names_are_refused_at_the_field(programme: Programme, name: str) -> None:
    """Empty names, long ones, formulas and hidden characters are errors at the field, and the form keeps its input."""
    form = {"name": name, "kind": "agency", "country": "AM", "city": "Gyumri"}
    answer = await programme.as_("tigran").post(f"{PAGES}/organisations/new", data=form)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert 'href="#name"' in answer.text
    assert "Gyumri" in answer.text


async def test_roles_are_rows_that_can_be_added_without_javascript(programme: Programme) -> None:
    """A button adds a row of the form, so that the programme can enter two roles at once."""
    form = person_form(programme, row="add:roles")
    answer = await programme.as_("programme").post(f"{PAGES}/people/new", data=form)
    assert "roles-1-role" in answer.text
    del form["row"]
    form |= {f"roles-1-since-{part}": form[f"roles-0-since-{part}"] for part in ("day", "month", "year")}
    answer = await programme.as_("programme").post(f"{PAGES}/people/new", data=form | {"roles-1-role": "mentor"})
    assert answer.status_code == 303, answer.text
    payloads = [payload for _, key, payload in await programme.journal("exchange.access") if key == "lusine"]
    assert [grant["role"] for grant in payloads[-1]["grants"]] == ["officer", "mentor"]


async def test_people_are_found_by_name_address_role_and_standing(programme: Programme) -> None:
    """Search and filters narrow the list by the address; search operators have no effect."""
    search = f"{PAGES}/people"
    assert "Ani Petrosyan" in (await programme.as_("programme").get(f"{search}?q=petros")).text
    assert "Nino Beridze" not in (await programme.as_("programme").get(f"{search}?q=petros")).text
    assert "Nino Beridze" in (await programme.as_("programme").get(f"{search}?q=nino@police")).text
    assert "Claire Moreau" in (await programme.as_("programme").get(f"{search}?role=host_contact")).text
    assert "Ani Petrosyan" not in (await programme.as_("programme").get(f"{search}?role=host_contact")).text
    assert (await programme.as_("programme").get(f"{search}?q=' | !(&&:*)")).status_code == 200
    await programme.post("programme", f"/register/proposals/{(await proposed(programme))['id']}/approve")
    unverified = (await programme.as_("tigran").get(f"{search}?standing=unverified")).text
    assert "Lusine Grigoryan" in unverified
    assert "Ani Petrosyan" not in unverified
    assert "Nino Beridze" not in (await programme.as_("tigran").get(search)).text


async def test_lists_of_the_register_are_read_page_by_page(programme: Programme) -> None:
    """Lists come in pages without gaps or repetitions; `since` gives only later changes."""
    whole = (await programme.get("programme", "/people"))["items"]
    ids, address = [], "/people?limit=2"
    while address:
        page = await programme.get("programme", address)
        ids += [person["id"] for person in page["items"]]
        address = page["next"] and f"/people?limit=2&cursor={page['next']}"
    assert ids == [person["id"] for person in whole]
    assert len(ids) == len(set(ids)) > 2
    assert {person["country"] for person in (await programme.get("tigran", "/people"))["items"]} == {"AM"}

    first = await proposed(programme)
    clock.move(timedelta(hours=1))
    later = f"since={clock.now():%Y-%m-%dT%H:%M:%SZ}"
    second = await proposed(programme, subject="arman", name="Arman Sarg", email="arman@police.example")
    newest = await programme.get("tigran", "/register/proposals?limit=1")
    assert [proposal["id"] for proposal in newest["items"]] == [second["id"]]
    rest = await programme.get("tigran", f"/register/proposals?limit=1&cursor={newest['next']}")
    assert ([proposal["id"] for proposal in rest["items"]], rest["next"]) == ([first["id"]], None)
    changed = await programme.get("tigran", f"/register/proposals?{later}")
    assert [proposal["id"] for proposal in changed["items"]] == [second["id"]]
    entry_ = {"name": "Customs of Armenia", "kind": "agency", "country": "AM"}
    made = await programme.post("programme", "/organisations", {"organisations": [entry_]}, 201)
    fresh = (await programme.get("programme", f"/organisations?{later}"))["items"]
    assert [organisation["id"] for organisation in fresh] == made["ids"]
    await programme.get("programme", f"/funds?{later}&cursor={newest['next'][:-4]}", 422)


async def test_only_the_programme_reads_who_changed_an_entry(programme: Programme) -> None:
    """The history of a person names the actor's sign-in name to the programme coordinator, and to nobody else."""
    ani = await person_in_register(programme, "ani")
    for reader, actors in (("programme", {"programme"}), ("tigran", {None})):
        record = await programme.get(reader, f"/register/people/{ani['id']}")
        assert {change["actor"] for change in record["history"]} == actors
        assert record["person"] | {"version": ani["version"]} == ani
