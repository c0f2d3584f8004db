"""Hold the ids and profiles that the examples of all events share, so that they tell one story.

A Moldovan analyst (application) visits a French agency (offer) in March 2026, and is mentored by a Romanian (mentor).
"""

from pydantic import JsonValue

CALL = "019a0000-0000-7000-8000-000000000001"
APPLICATION = "019a0000-0000-7000-8000-000000000002"
OTHER_APPLICATION = "019a0000-0000-7000-8000-000000000012"
OFFER = "019a0000-0000-7000-8000-000000000003"
MENTOR = "019a0000-0000-7000-8000-000000000004"
MATCH = "019a0000-0000-7000-8000-000000000005"
VISIT = "019a0000-0000-7000-8000-000000000006"
MENTORSHIP = "019a0000-0000-7000-8000-000000000007"
HOME_ORGANISATION = "019a0000-0000-7000-8000-000000000008"
HOST_ORGANISATION = "019a0000-0000-7000-8000-000000000009"
FUND = "019a0000-0000-7000-8000-00000000000a"
RUN = "019a0000-0000-7000-8000-00000000000b"
NEED = "019a0000-0000-7000-8000-00000000000c"
CASCADE = "019a0000-0000-7000-8000-00000000000d"
TEST = "019a0000-0000-7000-8000-00000000e501"
GOAL = "019a0000-0000-7000-8000-00000000000e"
SESSION = "019a0000-0000-7000-8000-00000000000f"
REQUEST = "019a0000-0000-7000-8000-000000000011"
MEETING = "019a0000-0000-7000-8000-000000000013"
EVENT = "019a0000-0000-7000-8000-000000000010"
PERSON = "019a0000-0000-7000-8000-000000000011"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

PROFILE: dict[str, JsonValue] = {
    "call_id": CALL,
    "reference": "MD-2026-0042",
    "kind": "study_visit",
    "mode": "open",
    "country": "MD",
    "organisation_id": HOME_ORGANISATION,
    "service": "police",
    "rank_group": "operational",
    "years_in_field": 6,
    "expertise": [{"area": "analysis", "level": 2, "years": 4}],
    "languages": [{"language": "en", "level": "B2"}, {"language": "ro", "level": "NS"}],
    "topics": ["online_crime", "criminal_networks"],
    "preferred_countries": ["FR", "EE"],
    "periods": [{"start": "2026-03-02", "end": "2026-05-29"}],
    "blackouts": [{"start": "2026-04-06", "end": "2026-04-17"}],
    "group_id": None,
    "prematched_with": None,
    "first_time": True,
    "conflicts": [],
    "objectives": 2,
    "cascade_committed": True,
    "courses": [],
}

CHOICES: dict[str, JsonValue] = {
    "wishes": [APPLICATION],
    "not_suitable": [{"application_id": OTHER_APPLICATION, "reason": "other_experience"}],
}

OFFER_TERMS: dict[str, JsonValue] = {
    "call_id": CALL,
    "reference": "FR-P-2026-0007",
    "organisation_id": HOST_ORGANISATION,
    "country": "FR",
    "city": "Lyon",
    "unit": "Cybercrime unit",
    "title": "A week with the cybercrime unit",
    "outline": "Case work, seizure of devices, cooperation with banks.",
    "topics": ["online_crime"],
    "expertise": ["cybercrime_investigation", "analysis"],
    "places": 4,
    "periods": [{"start": "2026-03-02", "end": "2026-06-26", "places_per_week": 2}],
    "languages": [{"language": "en", "level": "B2"}, {"language": "fr", "level": "B1"}],
    "excluded_rank_groups": ["strategic"],
    "group_size": 2,
    "days": 5,
    "costs_borne": ["accommodation"],
    "prematched_with": None,
    "deadline": "2026-02-13",
    "conflicts": [],
}

MENTOR_PROFILE: dict[str, JsonValue] = {
    "call_id": CALL,
    "reference": "RO-M-2026-0003",
    "organisation_id": HOST_ORGANISATION,
    "country": "RO",
    "service": "police",
    "rank_group": "supervisor",
    "expertise": [{"area": "analysis", "level": 3, "years": 12}],
    "languages": [{"language": "en", "level": "C1"}, {"language": "ro", "level": "NS"}],
    "minimum_level": "B1",
    "capacity": 2,
    "rank_groups": ["operational", "supervisor"],
    "periods": [{"start": "2026-02-02", "end": "2026-12-18"}],
    "topics": ["criminal_networks", "online_crime"],
    "prematched_with": None,
    "conflicts": [],
}

PAIRING: dict[str, JsonValue] = {
    "kind": "study_visit",
    "call_id": CALL,
    "application_id": APPLICATION,
    "offer_id": OFFER,
    "mentor_id": None,
    "country": "MD",
    "organisation_id": HOME_ORGANISATION,
    "rank_group": "operational",
    "host_country": "FR",
    "host_organisation_id": HOST_ORGANISATION,
    "topic": "online_crime",
    "language": "en",
    "fund_id": FUND,
}

VISIT_PLAN: dict[str, JsonValue] = {
    "match_id": MATCH,
    "application_id": APPLICATION,
    "call_id": CALL,
    "offer_id": OFFER,
    "mentorship_id": None,
    "country": "MD",
    "host_country": "FR",
    "host_organisation_id": HOST_ORGANISATION,
    "rank_group": "operational",
    "topic": "online_crime",
    "fund_id": FUND,
    "group_id": None,
    "replaces": None,
    "start": "2026-03-16",
    "end": "2026-03-20",
    "required_days": 5,
    "days": ["2026-03-16", "2026-03-17", "2026-03-18", "2026-03-19", "2026-03-20"],
}

MENTORSHIP_PLAN: dict[str, JsonValue] = {
    "match_id": MATCH,
    "application_id": APPLICATION,
    "call_id": CALL,
    "mentor_id": MENTOR,
    "country": "MD",
    "mentor_country": "RO",
    "mentor_organisation_id": HOST_ORGANISATION,
    "rank_group": "operational",
    "topic": "criminal_networks",
    "language": "en",
    "fund_id": FUND,
}

CALL_TERMS: dict[str, JsonValue] = {
    "reference": "TC-2026-1",
    "revision": 1,
    "kinds": ["study_visit", "mentee"],
    "texts": [{"language": "en", "title": "Exchange 2026", "summary": "Study visits and mentoring for officers."}],
    "scheme": "empact-2026",
    "topics": ["criminal_networks", "online_crime"],
    "opens": "2026-01-05",
    "deadline": "2026-02-13T23:00:00Z",
    "closes": "2026-09-30",
    "visit_periods": [{"start": "2026-03-02", "end": "2026-06-26"}],
    "rules": {
        "schema_version": 1,
        "minimum_years": 3,
        "languages": ["en", "fr"],
        "minimum_level": "B1",
        "first_time_first": True,
        "cascade_commitment": True,
        "countries": ["AM", "AZ", "GE", "MD", "UA"],
        "services": [],
        "rank_groups": [],
        "courses": [],
    },
    "quotas": [{"country": "MD", "floor": 2, "ceiling": 12}],
    "share_of_offer": 40,
    "objective": "stable",
    "weights": [{"criterion": "topic", "applicant": 40, "host": 20}],
    "needs": [NEED],
    "fund_id": FUND,
    "minimum_days": 2,
    "maximum_days": 5,
    "group_size": 5,
    "reserves": 1,
    "sessions_to_complete": 3,
    "evaluation_form": 1,
    "timers": {"endorse_wd": 10, "answer_wd": 10},
}
