"""Hold the texts that people of the sample programme write: objectives, plans, outlines and goals, by topic."""

from deploy.cli.answers import SessionAtHome

OBJECTIVES: dict[str, tuple[str, ...]] = {
    "criminal_networks": (
        "See how analysts and investigators work on one network together",
        "Learn how financial and telephone data are put into one chart",
        "Bring back a checklist for opening a joint case",
    ),
    "online_crime": (
        "Follow a seizure of devices from the search to the report",
        "Learn how banks and platforms are asked for data, and how fast they answer",
        "Compare how victims of online fraud are taken care of",
    ),
    "drug_trafficking": (
        "See how containers are chosen for control",
        "Learn how new substances are identified and reported",
        "Understand how a controlled delivery is prepared",
    ),
    "migrant_smuggling_thb": (
        "See how forged documents are found in a second-line check",
        "Learn how victims of trafficking are recognised and referred",
        "Compare how smuggling routes are described in risk analysis",
    ),
    "firearms_explosives": (
        "See how a firearm is traced to its last lawful owner",
        "Learn how ballistic evidence is compared",
    ),
    "environmental_crime": (
        "Learn how waste shipments are checked at a port",
        "See how damage to nature is put into figures for a court",
    ),
    "economic_financial_crime": (
        "Follow money through three accounts with an investigator",
        "Learn how assets are found, frozen and managed",
        "See how a tax authority and police share one case",
    ),
}
CASCADE = (
    "A half-day training for my unit, and the material on our intranet",
    "Two briefings for the regional offices within three months",
    "A module in the basic course of our academy",
    "A written guide of ten pages, discussed in the unit's weekly meeting",
)
OUTLINE: dict[str, str] = {
    "criminal_networks": "Monday: how the office works. Tuesday and Wednesday: with the analysts on a closed case. "
    "Thursday: with investigators. Friday: what can be used at home.",
    "online_crime": "Seizure of devices, first look on the spot, the laboratory, cooperation with banks and platforms; "
    "a closed case from the first call to the judgment.",
    "drug_trafficking": "The control room, choice of containers, a day on the quay, the laboratory, a closed case.",
    "migrant_smuggling_thb": "First and second line, document laboratory, interview room, a day with the coast patrol.",
    "firearms_explosives": "Tracing desk, ballistic laboratory, register of owners, a closed case.",
    "environmental_crime": "Shipments of waste, sampling, working with inspectors, how a case reaches the court.",
    "economic_financial_crime": "Suspicious transactions, following the money, freezing and managing assets, a closed "
    "case.",
}
TITLE: dict[str, str] = {
    "criminal_networks": "With the analysts of organised crime",
    "online_crime": "A week with the cybercrime unit",
    "drug_trafficking": "Controls and closed cases on drug routes",
    "migrant_smuggling_thb": "At the border and in the document laboratory",
    "firearms_explosives": "Tracing firearms",
    "environmental_crime": "Waste, wildlife and the courts",
    "economic_financial_crime": "Following the money",
}
GOALS = (
    "Write an analysis report that a prosecutor can use",
    "Set up a weekly meeting of analysts and investigators",
    "Prepare a first request to another country",
    "Lead an interview of a witness of online fraud",
)
ABOUT = (
    "Twenty years in the field, glad to pass on what I had to learn the hard way.",
    "I work with young analysts every day and like clear questions.",
    "My unit works with five countries; I can show how that starts.",
)
SESSIONS: tuple[SessionAtHome, ...] = (
    {"format": "training", "attendees": 18, "about": "How analysts and investigators work in one room"},
    {"format": "briefing", "attendees": 9, "about": "What a joint team needs before it begins"},
    {"format": "material", "attendees": 45, "about": "A checklist for the first day of a large case"},
)
RETURNED: dict[str, str] = {
    "periods": "Please add a second period: the first one lies in the audit of your unit.",
    "languages": "Please say at which level you passed the language test in spring.",
}
UNITS = ("Analysis", "Investigations", "Operations", "International cooperation", "Second line", "Laboratory")
RANKS: dict[str, tuple[str, ...]] = {
    "operational": ("Inspector", "Senior inspector"),
    "supervisor": ("Captain", "Chief inspector"),
    "middle_management": ("Major", "Head of section"),
    "senior_management": ("Colonel", "Head of department"),
}
