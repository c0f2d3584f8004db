"""List the organisations of the sample: six partner countries, fourteen host agencies, an EU agency.

Names say what such a body does; none is a real one's.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.codes import Expertise, OrganisationKind, ServiceKind

E, K, S = Expertise, OrganisationKind, ServiceKind


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation; `key` names it within the sample, `languages` are those in which it can host or mentor."""

    key: str
    name: str
    kind: OrganisationKind
    country: str
    city: str
    service: ServiceKind
    topics: tuple[str, ...] = ()
    expertise: tuple[Expertise, ...] = ()
    languages: tuple[str, ...] = ("en",)


_PARTNER_BODIES: dict[str, tuple[tuple[str, ServiceKind, OrganisationKind, str], ...]] = {
    "AM": (
        ("Criminal police department", S.POLICE, K.AGENCY, "Yerevan"),
        ("Border guard service", S.BORDER_GUARD, K.AGENCY, "Yerevan"),
        ("Financial monitoring centre", S.FINANCIAL_INTELLIGENCE, K.AGENCY, "Yerevan"),
    ),
    "AZ": (
        ("Organised crime department", S.POLICE, K.AGENCY, "Baku"),
        ("Customs committee, anti-smuggling unit", S.CUSTOMS, K.AGENCY, "Baku"),
    ),
    "BY": (("Criminal investigation department", S.POLICE, K.AGENCY, "Minsk"),),
    "GE": (
        ("Central criminal police", S.POLICE, K.AGENCY, "Tbilisi"),
        ("Patrol and border police", S.BORDER_GUARD, K.AGENCY, "Batumi"),
        ("Prosecution office, financial crime unit", S.PROSECUTION, K.PROSECUTION, "Tbilisi"),
    ),
    "MD": (
        ("National investigation inspectorate", S.POLICE, K.AGENCY, "Chisinau"),
        ("Border police", S.BORDER_GUARD, K.AGENCY, "Ungheni"),
    ),
    "UA": (
        ("Cyber police department", S.POLICE, K.AGENCY, "Kyiv"),
        ("Border guard service, southern region", S.BORDER_GUARD, K.AGENCY, "Odesa"),
        ("Economic crime bureau", S.TAX, K.AGENCY, "Kyiv"),
    ),
}

_HOSTS = (
    Organisation(
        "fr",
        "Anti-cybercrime office, Lyon branch",
        K.AGENCY,
        "FR",
        "Lyon",
        S.POLICE,
        ("online_crime", "criminal_networks"),
        (E.CYBERCRIME_INVESTIGATION, E.ANALYSIS, E.DIGITAL_FORENSICS),
        ("en", "fr"),
    ),
    Organisation(
        "lt",
        "Criminal police bureau",
        K.AGENCY,
        "LT",
        "Vilnius",
        S.POLICE,
        ("criminal_networks", "economic_financial_crime"),
        (E.ANALYSIS, E.FINANCIAL_INVESTIGATION, E.INTERNATIONAL_COOPERATION),
        ("en", "ru"),
    ),
    Organisation(
        "de",
        "Federal criminal office, organised crime division",
        K.AGENCY,
        "DE",
        "Wiesbaden",
        S.POLICE,
        ("criminal_networks", "drug_trafficking"),
        (E.ANALYSIS, E.JOINT_INVESTIGATION_TEAMS),
        ("en", "de"),
    ),
    Organisation(
        "es",
        "Central drugs brigade",
        K.AGENCY,
        "ES",
        "Madrid",
        S.POLICE,
        ("drug_trafficking", "criminal_networks"),
        (E.DRUGS_IDENTIFICATION, E.ANALYSIS, E.UNDERCOVER_SURVEILLANCE),
        ("en", "es"),
    ),
    Organisation(
        "it",
        "Financial guard, economic crime unit",
        K.AGENCY,
        "IT",
        "Rome",
        S.TAX,
        ("economic_financial_crime",),
        (E.FINANCIAL_INVESTIGATION, E.ASSET_RECOVERY),
        ("en", "it"),
    ),
    Organisation(
        "nl",
        "Seaport customs team",
        K.AGENCY,
        "NL",
        "Rotterdam",
        S.CUSTOMS,
        ("drug_trafficking", "environmental_crime"),
        (E.CUSTOMS_CONTROL, E.ANALYSIS),
        ("en",),
    ),
    Organisation(
        "pl",
        "Border guard, document fraud centre",
        K.AGENCY,
        "PL",
        "Warsaw",
        S.BORDER_GUARD,
        ("migrant_smuggling_thb",),
        (E.DOCUMENT_FRAUD, E.BORDER_MANAGEMENT),
        ("en", "uk"),
    ),
    Organisation(
        "ro",
        "Coast guard, Constanta sector",
        K.AGENCY,
        "RO",
        "Constanta",
        S.COAST_GUARD,
        ("migrant_smuggling_thb", "firearms_explosives"),
        (E.BORDER_MANAGEMENT, E.FIREARMS_TRACING),
        ("en", "ro"),
    ),
    Organisation(
        "ee",
        "Digital forensics centre",
        K.AGENCY,
        "EE",
        "Tallinn",
        S.FORENSIC,
        ("online_crime",),
        (E.DIGITAL_FORENSICS, E.OPEN_SOURCE_INTELLIGENCE),
        ("en", "ru"),
    ),
    Organisation(
        "se",
        "National forensic laboratory",
        K.AGENCY,
        "SE",
        "Linkoping",
        S.FORENSIC,
        ("firearms_explosives", "drug_trafficking"),
        (E.FORENSICS, E.FIREARMS_TRACING, E.DRUGS_IDENTIFICATION),
        ("en",),
    ),
    Organisation(
        "pt",
        "Anti-trafficking unit",
        K.AGENCY,
        "PT",
        "Lisbon",
        S.POLICE,
        ("migrant_smuggling_thb",),
        (E.THB_VICTIM_SUPPORT, E.ANALYSIS),
        ("en", "pt"),
    ),
    Organisation(
        "cz",
        "National centre against organised crime",
        K.AGENCY,
        "CZ",
        "Prague",
        S.POLICE,
        ("criminal_networks", "online_crime"),
        (E.ANALYSIS, E.CYBERCRIME_INVESTIGATION, E.ANTI_CORRUPTION),
        ("en",),
    ),
    Organisation(
        "gr",
        "Asset recovery office",
        K.PROSECUTION,
        "GR",
        "Athens",
        S.PROSECUTION,
        ("economic_financial_crime",),
        (E.ASSET_RECOVERY, E.ORGANISED_CRIME_PROSECUTION),
        ("en", "el"),
    ),
    Organisation(
        "fi",
        "Environmental crime team",
        K.AGENCY,
        "FI",
        "Helsinki",
        S.POLICE,
        ("environmental_crime", "economic_financial_crime"),
        (E.ANALYSIS, E.FINANCIAL_INVESTIGATION),
        ("en",),
    ),
)
_UNION = Organisation(
    "eu",
    "EU agency for operational analysis",
    K.EU_AGENCY,
    "EU",
    "The Hague",
    S.POLICE,
    ("criminal_networks", "online_crime"),
    (E.ANALYSIS, E.OPEN_SOURCE_INTELLIGENCE, E.INTERNATIONAL_COOPERATION),
    ("en",),
)

PARTNERS: tuple[Organisation, ...] = tuple(
    Organisation(f"{country.lower()}{number}", name, kind, country, city, service)
    for country, bodies in _PARTNER_BODIES.items()
    for number, (name, service, kind, city) in enumerate(bodies, start=1)
)
HOSTS: tuple[Organisation, ...] = (*_HOSTS, _UNION)

# The agencies that the personas belong to (deploy/local/personas.py).
PERSONA_ORGANISATIONS: dict[str, str] = {
    "persona-officer": "am1",
    "persona-mentee": "ge1",
    "persona-mentor": "lt",
    "persona-host": "fr",
    "persona-clearance": "eu",
}
