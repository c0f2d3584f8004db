"""List the codes that our IATI files may use, each with its meaning.

The codes are those of the IATI Standard 2.03 (iatistandard.org, code lists), as far as our files use them; the meanings
are in our own words. Countries are ISO 3166-1 alpha-2 with XK for Kosovo.
"""

from __future__ import annotations

from shared.contracts.codes import COUNTRIES

RESULT_TYPE = {"1": "what was delivered", "2": "what it changed", "3": "its effect in the long run", "9": "other"}
INDICATOR_MEASURE = {
    "1": "a number of things",
    "2": "a share in per cent",
    "3": "kinds without an order",
    "4": "kinds in an order",
    "5": "words only",
}
INDICATOR_VOCABULARY = {
    "1": "the World Health Organization's register",
    "2": "the Sphere handbook",
    "3": "the foreign assistance framework of the United States",
    "4": "the World Bank's world development indicators",
    "5": "the millennium development goals",
    "6": "the humanitarian response register of the United Nations",
    "7": "the register on HIV and AIDS",
    "8": "the harmonised indicators of development banks for the private sector",
    "9": "the sustainable development goals",
    "99": "the reporting organisation's own",
}
ACTIVITY_STATUS = {"1": "planned", "2": "under way", "3": "closing", "4": "closed", "5": "cancelled", "6": "suspended"}
DATE_TYPE = {"1": "planned start", "2": "actual start", "3": "planned end", "4": "actual end"}
ORGANISATION_ROLE = {"1": "pays", "2": "answers for it", "3": "passes the money on", "4": "carries it out"}
ORGANISATION_TYPE = {
    "10": "a government",
    "11": "a local government",
    "15": "another public body",
    "21": "an international non-governmental organisation",
    "22": "a national non-governmental organisation",
    "23": "a regional non-governmental organisation",
    "24": "a non-governmental organisation of a partner country",
    "30": "a partnership of public and private bodies",
    "40": "a multilateral body",
    "60": "a foundation",
    "70": "a private body",
    "71": "a private body in the country that gives",
    "72": "a private body in the country that receives",
    "73": "a private body in a third country",
    "80": "a university, a school or a research body",
    "90": "other",
}
DESCRIPTION_TYPE = {"1": "general", "2": "aims", "3": "whom it is for", "4": "other"}
COUNTRY = {code: name for code, name in COUNTRIES.items() if code != "EU"}
"""The countries; the Union's own bodies are not one in IATI."""

CODES = {
    "//result/@type": ("ResultType", RESULT_TYPE),
    "//indicator/@measure": ("IndicatorMeasure", INDICATOR_MEASURE),
    "//indicator/reference/@vocabulary": ("IndicatorVocabulary", INDICATOR_VOCABULARY),
    "//activity-status/@code": ("ActivityStatus", ACTIVITY_STATUS),
    "//activity-date/@type": ("ActivityDateType", DATE_TYPE),
    "//participating-org/@role": ("OrganisationRole", ORGANISATION_ROLE),
    "//reporting-org/@type | //participating-org/@type": ("OrganisationType", ORGANISATION_TYPE),
    "/iati-activities/iati-activity/description/@type": ("DescriptionType", DESCRIPTION_TYPE),
    "//recipient-country/@code": ("Country", COUNTRY),
}
"""The places of codes in a file (XPath), each with the name of the list it must be in, and that list."""
