"""Define the settings of reporting beyond those of every service."""

from __future__ import annotations

from datetime import date

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings for signing and serving files, and the programme's name in donors' feeds."""

    reader_gathers_ms: int = Field(
        default=60,
        ge=0,
        le=1000,
        description="As for every service; figures wait so long, and leave the machine to what people look at.",
    )
    disclosure_seconds: float = Field(
        default=20,
        gt=0,
        le=25,
        description="In so many seconds it must be proven that a publication reveals nobody, or it is refused: before"
        " the gateway gives up the answer, at half a minute.",
    )
    draft_days: int = Field(default=180, ge=1, description="Days for which a form begun and not gone on with is kept.")
    feeds_private_key: SecretStr = Field(
        description="PEM, Ed25519: signs the manifests of what was published; the public half is at /reporting/feeds."
    )
    signing_key: SecretStr = Field(
        default=SecretStr(""),
        description="PEM, EC or RSA, the portal's: signs the reports of published periods. Without it they are not"
        " signed, and their pages say so.",
    )
    signing_certificates: str = Field(
        default="", description="PEM: the certificate of `signing_key` first, after it those of its issuers."
    )
    signing_certificates_former: str = Field(
        default="", description="PEM: certificates of keys that signed before and whose signatures still hold."
    )
    feeds_public: str = Field(
        default="iati-activities.xml,iati-organisation.xml",
        description="Files for donors that anybody may fetch, by name, commas between; others need a token or a role.",
    )
    feeds_pulls_a_minute: int = Field(default=120, ge=1, description="So often a token may be sent in a minute.")
    programme_title: str = Field(default="TOPCOP exchange and mentoring", description="The programme's title in feeds.")
    programme_start: date = Field(default=date(2025, 1, 1), description="First day of the programme, for feeds.")
    programme_end: date = Field(default=date(2028, 12, 31), description="Planned last day of the programme, for feeds.")
    iati_organisation: str = Field(
        default="",
        description="Identifier of the reporting organisation, as registered with IATI, such as XM-DAC-12345. Without"
        " it no period can be published.",
    )
    iati_organisation_name: str = Field(
        default="European Union Agency for Law Enforcement Training (CEPOL)",
        description="Name of the reporting organisation in IATI.",
    )
    iati_organisation_type: str = Field(
        default="15", description="Kind of the reporting organisation, a code of IATI's list OrganisationType."
    )
    iati_activity: str = Field(default="TOPCOP", description="What follows the organisation in the activity's id.")
    iati_funder: str = Field(
        default="XI-IATI-EC_NEAR", description="Identifier of the organisation that pays, as registered with IATI."
    )
    iati_funder_name: str = Field(
        default="European Commission - Neighbourhood and Enlargement Negotiations",
        description="Name of the organisation that pays, as IATI lists it.",
    )
