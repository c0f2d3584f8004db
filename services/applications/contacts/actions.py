"""Give other services the recipients of messages and officers' objectives, with a note in the access log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from services.applications.access.actions import addresses
from services.applications.access_log import log_access
from services.applications.application.model.answers import line_manager_id
from services.applications.application.store import applications, companions
from services.applications.availability.actions.links import link_for
from services.applications.contacts.views import CasesOfPerson, Objective, Objectives, Recipient, RecipientsOfMany
from services.applications.mentors import store as mentors_store
from services.applications.outcomes.actions import manager_links
from services.applications.outcomes.views import may_write_to_manager
from services.applications.own_cases.store import ties_of
from services.applications.refusals import not_found
from services.applications.register.store import entries, people
from shared.contracts.codes import AudienceKind, PartnerStatus, Role
from shared.contracts.notifications import Purpose
from shared.errors import Refused
from shared.i18n import SOURCE, gettext
from shared.identity.access import grants_of_holders
from shared.identity.scope import EU
from shared.time import clock
from shared.time.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.own_cases.model import Ties
    from shared.bus import Bus
    from shared.identity.principal import Grant
    from shared.identity.sealing import Seal

_COUNTRY = frozenset({AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR})
_OFFICES = _COUNTRY | {AudienceKind.HOME_DEPUTY, AudienceKind.HOST_DEPUTY, AudienceKind.PROGRAMME_COORDINATOR}
"""Those who are written to because they decide."""
# Who is asked whether something is still available.
_AVAILABILITY_AUDIENCES = frozenset({AudienceKind.HOST_CONTACT, AudienceKind.MENTOR})


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """An audience and a purpose; which id is needed depends on the audience.

    `without_deputies` leaves deputies out of a coordinator's audience: they get their own message.
    """

    audience: AudienceKind
    purpose: str
    application_id: UUID | None = None
    country: str | None = None
    organisation_id: UUID | None = None
    mentor_id: UUID | None = None
    availability_of: UUID | None = None
    companion_id: UUID | None = None
    recipient_id: UUID | None = None
    without_deputies: bool = False

    @property
    def case(self) -> str:
        """The case that the log names, or the country, or the programme."""
        return str(
            self.application_id
            or self.mentor_id
            or self.recipient_id
            or self.organisation_id
            or self.country
            or "programme"
        )


@dataclass(frozen=True, slots=True)
class Addressee:
    """A recipient, and the sign-in name, which no other service gets; None for a person without an account."""

    recipient: Recipient
    subject: str | None = None


class Erased(Refused):
    """The person was known and is not any more: every holder of the id has to delete it (410)."""

    def __init__(self) -> None:
        super().__init__(gettext("This person is no longer in the portal."), 410)


async def contacts(bus: Bus, caller: str, request: ContactRequest, *, seal: Seal | None = None) -> list[Recipient]:
    """Return the recipients of an audience: opaque id, name, address, language, time zone; maybe none.

    Nobody is written to at an address that its owner has not confirmed, but for the message that asks for just that;
    `seal` makes its link (without it there is none). Host contacts and mentors who are asked about `availability_of`
    get a link each to answer, noted nowhere else. Raises `Refused` (422) where the id that the audience needs is
    missing, (404) where nobody of that id was ever known, `Erased` where somebody was.
    """
    async with bus.transaction(f"system:{caller}") as tx:
        found = await _recipients(tx.session, request, seal)
        return await _noted(tx.session, caller, request, await _not_concerned(tx.session, request, found, {}))


async def contacts_of(
    bus: Bus, caller: str, requests: Sequence[ContactRequest], *, seal: Seal | None = None
) -> RecipientsOfMany:
    """Return the same for many messages in one transaction, in their order; nobody for an invalid request.

    With them the places (from 0) of those whose person was erased: nobody is meant there either, and never will be.
    """
    async with bus.transaction(f"system:{caller}") as tx:
        # Read at once what would be read one by one: the session then has them.
        ids = [request.application_id for request in requests if request.application_id is not None]
        applications_by_id = await applications.by_ids(tx.session, ids)
        people_read = await entries.people_by_subject(
            tx.session, [application.subject for application in applications_by_id]
        )
        of_roles: dict[ContactRequest, list[Addressee]] = {}
        known_ties: dict[frozenset[str], Ties] = {}
        answers, erased = [], []
        for place, request in enumerate(requests):
            role = _role_of(request)
            found = of_roles.get(role) if role is not None else None
            if found is None:
                try:
                    found = await _recipients(tx.session, request, seal)
                except Erased:
                    found = []
                    erased.append(place)
                except Refused:
                    found = []
                if role is not None:
                    of_roles[role] = found
            others = await _not_concerned(tx.session, request, found, known_ties)
            answers.append(tuple(await _noted(tx.session, caller, request, others)))
        del applications_by_id, people_read  # not before: the session drops objects that nothing refers to
    return RecipientsOfMany(answers=tuple(answers), erased=tuple(erased))


def _role_of(request: ContactRequest) -> ContactRequest | None:
    """Return the part of a request that selects holders of a role: it is the same for many messages."""
    plain = ContactRequest(
        audience=request.audience,
        purpose="",
        country=request.country,
        organisation_id=request.organisation_id,
        without_deputies=request.without_deputies,
    )
    match request.audience:
        case AudienceKind.PROGRAMME_COORDINATOR | AudienceKind.HOST_CONTACT:
            return plain
        case (
            AudienceKind.HOME_COORDINATOR
            | AudienceKind.HOST_COORDINATOR
            | AudienceKind.HOME_DEPUTY
            | AudienceKind.HOST_DEPUTY
        ) if request.country != EU:
            return plain
    return None


async def _not_concerned(
    session: AsyncSession,
    request: ContactRequest,
    found: Sequence[Addressee],
    known_ties: dict[frozenset[str], Ties],
) -> Sequence[Addressee]:
    """Return the recipients without those who may not decide on the case, since it is their own.

    Where it concerns all coordinators of a country the programme coordinators are written to instead, who decide then.
    """
    if request.audience not in _OFFICES or request.application_id is None or not found:
        return found
    application = await applications.application(session, request.application_id)
    if application is None:
        return found

    async def free(among: Sequence[Addressee]) -> list[Addressee]:
        subjects = frozenset(each.subject for each in among if each.subject is not None)
        if subjects not in known_ties:
            known_ties[subjects] = await ties_of(session, subjects)
        free_subjects = set(known_ties[subjects].free(sorted(subjects), application.concerned))
        return [each for each in among if each.subject is None or each.subject in free_subjects]

    others = await free(found)
    if not others and request.audience in _COUNTRY:
        return await free(await _holders(session, Role.PROGRAMME_COORDINATOR))
    return others


async def _noted(
    session: AsyncSession, caller: str, request: ContactRequest, found: Sequence[Addressee]
) -> list[Recipient]:
    """Return the recipients with their links, and log that they were given out."""
    recipients = []
    for addressee in found:
        link = await _link(session, request, addressee)
        recipient = addressee.recipient
        recipients.append(recipient if link is None else recipient.model_copy(update={"link": link}))
    await log_access(
        session,
        caller=caller,
        what="contact",
        audience=request.audience,
        case_id=request.case,
        purpose=request.purpose,
        people=[recipient.recipient for recipient in recipients],
    )
    return recipients


async def _link(session: AsyncSession, request: ContactRequest, addressee: Addressee) -> str | None:
    """Return the link by which a person answers whether something is available, or a line manager a form."""
    if request.availability_of is None:
        return None
    if request.audience in _AVAILABILITY_AUDIENCES and addressee.subject is not None:
        return await link_for(session, request.availability_of, addressee.subject)
    if request.audience is AudienceKind.LINE_MANAGER:
        application_id = _require(request.application_id, "application_id")
        matter = manager_links.matter_of(request.purpose)
        return await manager_links.link_for(session, application_id, request.availability_of, matter)
    return None


async def _recipients(  # noqa: PLR0911 - one return for each audience
    session: AsyncSession, request: ContactRequest, seal: Seal | None
) -> list[Addressee]:
    match request.audience:
        case AudienceKind.APPLICANT:
            application = await _application(session, request)
            return _recipient(await _still_known(session, application.subject), application.answers_json)
        case AudienceKind.COMPANION:
            return await _companion(session, _require(request.companion_id, "companion_id"))
        case AudienceKind.LINE_MANAGER:
            return await _line_manager(session, await _application(session, request))
        case AudienceKind.HOME_COORDINATOR | AudienceKind.HOST_COORDINATOR:
            return await _coordinators(session, request, deputies=False if request.without_deputies else None)
        case AudienceKind.HOME_DEPUTY | AudienceKind.HOST_DEPUTY:
            return await _coordinators(session, request, deputies=True)
        case AudienceKind.HOST_CONTACT:
            organisation_id = _require(request.organisation_id, "organisation_id")
            return await _holders(session, Role.HOST_CONTACT, organisation_id=organisation_id)
        case AudienceKind.MENTOR:
            return await _mentor(session, _require(request.mentor_id, "mentor_id"))
        case AudienceKind.PROGRAMME_COORDINATOR:
            return await _holders(session, Role.PROGRAMME_COORDINATOR)
        case AudienceKind.PERSON:
            return await _person(session, request, seal)


T = TypeVar("T")


def _require(value: T | None, name: str) -> T:
    if value is None:
        sentence = gettext("This audience requires this field.")
        raise Refused(sentence, 422, {name: sentence})
    return value


async def _application(session: AsyncSession, request: ContactRequest) -> applications.Application:
    application = await applications.application(session, _require(request.application_id, "application_id"))
    if application is None:
        raise not_found()
    return application


async def _coordinators(
    session: AsyncSession, request: ContactRequest, *, deputies: bool | None = None
) -> list[Addressee]:
    """Return the national coordinators of a country; for an EU agency its own clearance officers.

    `deputies` as for `_holders`.
    """
    country = _require(request.country, "country")
    if country == EU:
        agency = await _agency(session, request)
        return await _holders(session, Role.CLEARANCE_OFFICER, organisation_id=agency, deputies=deputies)
    if await entries.partner_status(session, country, clock.today()) is PartnerStatus.SUSPENDED:
        # Nobody stands in for a country that does not take part: only the coordinators themselves are told.
        return [] if deputies else await _holders(session, Role.NATIONAL_COORDINATOR, country=country, alone=True)
    return await _holders(session, Role.NATIONAL_COORDINATOR, country=country, deputies=deputies)


async def _agency(session: AsyncSession, request: ContactRequest) -> UUID:
    """Return the EU agency whose clearance officer acts: the one named, the mentor's, or the applicant's."""
    if request.organisation_id is not None:
        return request.organisation_id
    if request.mentor_id is not None:
        mentor = await mentors_store.mentor(session, request.mentor_id)
        return _require(None if mentor is None else mentor.organisation_id, "organisation_id")
    home = (
        request.audience in {AudienceKind.HOME_COORDINATOR, AudienceKind.HOME_DEPUTY}
        and request.application_id is not None
    )
    return _require((await _application(session, request)).organisation_id if home else None, "organisation_id")


async def _holders(
    session: AsyncSession,
    role: Role,
    *,
    country: str | None = None,
    organisation_id: UUID | None = None,
    deputies: bool | None = None,
    alone: bool = False,
) -> list[Addressee]:
    """Return those who have the role today, by name; only the `deputies` among them, or (False) only the others.

    Where only deputies have the role they count as the others too: somebody has to be notified. `alone` leaves them out
    all the same.
    """
    all_deputies: set[str] = set()
    others: set[str] = set()
    holders = await grants_of_holders(session, role, country=country, organisation_id=organisation_id)
    for subject, all_grants in holders.items():
        grants = _active_grants(all_grants, role, country, organisation_id)
        if grants:
            is_deputy = any(grant.deputy_for is not None for grant in grants)
            (all_deputies if is_deputy else others).add(subject)
    chosen = all_deputies | others
    if deputies:
        chosen = all_deputies
    elif deputies is False:
        chosen = others or all_deputies
    if alone:
        chosen -= all_deputies
    people = await entries.people_by_subject(session, chosen)
    return [
        recipient
        for subject in sorted(people, key=lambda subject: (people[subject].name, subject))
        for recipient in _recipient(people[subject])
    ]


def _active_grants(
    grants: Iterable[Grant], role: Role, country: str | None, organisation_id: UUID | None
) -> list[Grant]:
    """Return the grants of a role that count today, of this country and organisation where they are named."""
    today = clock.today()
    return [
        grant
        for grant in grants
        if grant.role is role
        and country in {None, grant.country}
        and (organisation_id is None or grant.organisation_id == str(organisation_id))
        and grant.active(today)
    ]


def _recipient(person: entries.Person, answers: dict[str, Any] | None = None) -> list[Addressee]:
    """Return a person as a recipient at the confirmed address; name and language as an application says, if one does.

    Nobody where no address is confirmed.
    """
    return _addressee(person, person.email, answers or {}) if person.reachable else []


def _addressee(person: entries.Person, address: str, answers: dict[str, Any]) -> list[Addressee]:
    recipient = Recipient(
        recipient=person.id,
        name=answers.get("name") or person.name,
        address=address,
        language=person.mail_language or answers.get("language") or person.language,
        timezone=zone_of(person.country).key,
    )
    return [Addressee(recipient, person.subject)]


async def _person(session: AsyncSession, request: ContactRequest, seal: Seal | None) -> list[Addressee]:
    """Return one person of the register; link and unconfirmed address only for the message that asks for them."""
    person_id = _require(request.recipient_id, "recipient_id")
    person = await people.by_id(session, person_id)
    if person is None:
        raise Erased if await people.was_removed(session, person_id) else not_found()
    # The one message that goes to an address before its owner has confirmed it, with the link by which that is done.
    if request.purpose != Purpose.ADDRESS_TO_CONFIRM:
        return _recipient(person)
    open_link = None if seal is None else await addresses.open_link(session, seal, person)
    if open_link is None:
        return []
    # The mail may reach a stranger: it names nobody.
    changes = {"name": "", "link": open_link.path}
    return [
        Addressee(addressee.recipient.model_copy(update=changes), addressee.subject)
        for addressee in _addressee(person, open_link.address, {})
    ]


async def _mentor(session: AsyncSession, mentor_id: UUID) -> list[Addressee]:
    mentor = await mentors_store.mentor(session, mentor_id)
    if mentor is None:
        raise not_found()
    return _recipient(await _still_known(session, mentor.subject))


async def _still_known(session: AsyncSession, subject: str) -> entries.Person:
    """Return the person of an application or a profile. Raises `Erased` where there is none any more."""
    person = await entries.person(session, subject)
    if person is None:
        raise Erased
    return person


async def _companion(session: AsyncSession, companion_id: UUID) -> list[Addressee]:
    """Return whom an officer has named: an officer or a mentor, or the contacts of the named placement."""
    companion = await companions.companion(session, companion_id)
    if companion is None:
        raise not_found()
    if companion.organisation_id is not None:
        return await _holders(session, Role.HOST_CONTACT, organisation_id=companion.organisation_id)
    return [] if companion.subject is None else _recipient(await _still_known(session, companion.subject))


async def _line_manager(session: AsyncSession, application: applications.Application) -> list[Addressee]:
    """Return the line manager whom the officer named; without an account, so the id is derived.

    Nobody while the address is neither one of the agency nor confirmed by a coordinator.
    """
    answers = application.answers
    to = line_manager_id(application.id, answers)
    if to is None or not await may_write_to_manager(session, application):
        return []
    recipient = Recipient(
        recipient=to,
        name=answers.line_manager_name or "",
        address=answers.line_manager_email or "",
        language=answers.language or SOURCE,
        timezone=zone_of(application.country).key,
    )
    return [Addressee(recipient)]


async def objectives(bus: Bus, caller: str, application_id: UUID, purpose: str) -> Objectives:
    """Return the objectives' texts by number, and the cascade plan. Raises `Refused` (404)."""
    async with bus.transaction(f"system:{caller}") as tx:
        application = await applications.application(tx.session, application_id)
        if application is None:
            raise not_found()
        person = await entries.person(tx.session, application.subject)
        await log_access(
            tx.session,
            caller=caller,
            what="objectives",
            audience=AudienceKind.APPLICANT,
            case_id=str(application_id),
            purpose=purpose,
            people=[] if person is None else [person.id],
        )
        answers = application.answers
    return Objectives(
        application_id=application_id,
        reference=application.reference,
        objectives=tuple(Objective(number=n, text=text) for n, text in enumerate(answers.objectives, start=1)),
        cascade_plan=answers.cascade_plan,
    )


async def cases_of_person(bus: Bus, person_id: UUID) -> CasesOfPerson:
    """Return the ids of a person's applications and mentor's profiles; none for an unknown person. No name."""
    async with bus.read() as session:
        person = await people.by_id(session, person_id)
        if person is None:
            return CasesOfPerson(applications=(), mentors=())
        mine = await applications.of_officer(session, person.subject)
        profiles = await mentors_store.of_subject(session, person.subject)
    return CasesOfPerson(
        applications=tuple(sorted(application.id for application in mine)),
        mentors=tuple(sorted(profile.id for profile in profiles)),
    )
