"""Name the countries that take part. Codes are ISO 3166-1 alpha-2; `EU` stands for the Union's agencies."""

from shared.contracts.codes._base import N_

PARTNERS: dict[str, str] = {
    "AM": N_("Armenia"),
    "AZ": N_("Azerbaijan"),
    "BY": N_("Belarus"),
    "GE": N_("Georgia"),
    "MD": N_("Moldova"),
    "UA": N_("Ukraine"),
}
"""The programme's partner countries."""

MEMBER_STATES: dict[str, str] = {
    "AT": N_("Austria"),
    "BE": N_("Belgium"),
    "BG": N_("Bulgaria"),
    "CY": N_("Cyprus"),
    "CZ": N_("Czechia"),
    "DE": N_("Germany"),
    "DK": N_("Denmark"),
    "EE": N_("Estonia"),
    "ES": N_("Spain"),
    "FI": N_("Finland"),
    "FR": N_("France"),
    "GR": N_("Greece"),
    "HR": N_("Croatia"),
    "HU": N_("Hungary"),
    "IE": N_("Ireland"),
    "IT": N_("Italy"),
    "LT": N_("Lithuania"),
    "LU": N_("Luxembourg"),
    "LV": N_("Latvia"),
    "MT": N_("Malta"),
    "NL": N_("Netherlands"),
    "PL": N_("Poland"),
    "PT": N_("Portugal"),
    "RO": N_("Romania"),
    "SE": N_("Sweden"),
    "SI": N_("Slovenia"),
    "SK": N_("Slovakia"),
}
"""Member States of the European Union, whose agencies host."""

UNION = "EU"

COUNTRIES: dict[str, str] = {**PARTNERS, **MEMBER_STATES, UNION: N_("European Union")}
"""All of them, by code."""
