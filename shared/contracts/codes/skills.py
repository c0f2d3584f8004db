"""List what people know: languages with their levels, areas of expertise."""

from shared.contracts.codes._base import N_, Code


class LanguageLevel(Code):
    """Levels of the Common European Framework of Reference, and native; `reaches` compares them."""

    A1 = "A1", N_("A1")
    A2 = "A2", N_("A2")
    B1 = "B1", N_("B1")
    B2 = "B2", N_("B2")
    C1 = "C1", N_("C1")
    C2 = "C2", N_("C2")
    NS = "NS", N_("Native")

    @property
    def order(self) -> int:
        """Return the place among the levels, from 1 for A1 to 7 for native."""
        return _ORDER[self]

    def reaches(self, minimum: "LanguageLevel") -> bool:
        """Return whether this level is the minimum or above it."""
        return self.order >= minimum.order


_ORDER = {level: place for place, level in enumerate(LanguageLevel, start=1)}


class Expertise(Code):
    """Areas of expertise: the second level, after Europol's and CEPOL's strategic needs assessment (EU-STNA)."""

    ANALYSIS = "analysis", N_("Analysis")
    FINANCIAL_INVESTIGATION = "financial_investigation", N_("Financial investigation")
    CYBERCRIME_INVESTIGATION = "cybercrime_investigation", N_("Cybercrime investigation")
    DIGITAL_FORENSICS = "digital_forensics", N_("Digital forensics")
    FORENSICS = "forensics", N_("Forensics")
    DOCUMENT_FRAUD = "document_fraud", N_("Document fraud")
    BORDER_MANAGEMENT = "border_management", N_("Border management")
    CUSTOMS_CONTROL = "customs_control", N_("Customs control")
    UNDERCOVER_SURVEILLANCE = "undercover_surveillance", N_("Undercover and surveillance")
    WITNESS_PROTECTION = "witness_protection", N_("Witness protection")
    JOINT_INVESTIGATION_TEAMS = "joint_investigation_teams", N_("Joint investigation teams")
    ASSET_RECOVERY = "asset_recovery", N_("Asset recovery")
    ORGANISED_CRIME_PROSECUTION = "organised_crime_prosecution", N_("Prosecution of organised crime")
    THB_VICTIM_SUPPORT = "thb_victim_support", N_("Support of victims of trafficking")
    COLD_CASES = "cold_cases", N_("Cold cases")
    DRUGS_IDENTIFICATION = "drugs_identification", N_("Drugs identification")
    FIREARMS_TRACING = "firearms_tracing", N_("Firearms tracing")
    OPEN_SOURCE_INTELLIGENCE = "open_source_intelligence", N_("Open source intelligence")
    CRIME_PREVENTION = "crime_prevention", N_("Crime prevention")
    ANTI_CORRUPTION = "anti_corruption", N_("Anti-corruption")
    DATA_PROTECTION = "data_protection", N_("Data protection")
    TRAINING_OF_TRAINERS = "training_of_trainers", N_("Training of trainers")
    LEADERSHIP = "leadership", N_("Leadership")
    INTERNATIONAL_COOPERATION = "international_cooperation", N_("International cooperation channels")

    @property
    def restricted(self) -> bool:
        """Return whether boards, exports and receipts to others show "restricted" instead (domain.md, privacy)."""
        return self in _RESTRICTED


_RESTRICTED = frozenset({Expertise.UNDERCOVER_SURVEILLANCE, Expertise.WITNESS_PROTECTION})

LANGUAGES: dict[str, str] = {
    "az": N_("Azerbaijani"),
    "be": N_("Belarusian"),
    "bg": N_("Bulgarian"),
    "cs": N_("Czech"),
    "da": N_("Danish"),
    "de": N_("German"),
    "el": N_("Greek"),
    "en": N_("English"),
    "es": N_("Spanish"),
    "et": N_("Estonian"),
    "fi": N_("Finnish"),
    "fr": N_("French"),
    "ga": N_("Irish"),
    "hr": N_("Croatian"),
    "hu": N_("Hungarian"),
    "hy": N_("Armenian"),
    "it": N_("Italian"),
    "ka": N_("Georgian"),
    "lt": N_("Lithuanian"),
    "lv": N_("Latvian"),
    "mt": N_("Maltese"),
    "nl": N_("Dutch"),
    "pl": N_("Polish"),
    "pt": N_("Portuguese"),
    "ro": N_("Romanian"),
    "ru": N_("Russian"),
    "sk": N_("Slovak"),
    "sl": N_("Slovenian"),
    "sv": N_("Swedish"),
    "tr": N_("Turkish"),
    "uk": N_("Ukrainian"),
}
"""Languages of the programme's countries, ISO 639-1, by code."""
