"""The portal's settings, beyond those that every service has."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.programme_contacts import ProgrammeContacts
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The portal's own values; it alone signs tickets, starts the first access and talks to notifications."""

    ticket_private_key: SecretStr = Field(description="PEM, Ed25519: signs the tickets into the other services' forms.")
    signing_key: SecretStr = Field(description="PEM, EC or RSA: signs the certificates that the portal makes.")
    signing_certificates: str = Field(
        description="PEM: the certificate of `signing_key` first, after it those of its issuers."
    )
    signing_certificates_former: str = Field(
        default="", description="PEM: certificates of keys that signed before and whose signatures still hold."
    )
    first_coordinator: str | None = Field(
        default=None, description="Sign-in subject that gets the programme coordinator's access at the first start."
    )
    notifications_url: str = Field(
        default="http://127.0.0.1:8030", description="Where notifications listens, for the inbox; no slash at the end."
    )
    personas_file: str | None = Field(
        default=None, description="JSON list of the personas that the start page offers; local run only."
    )
    mail_url: str | None = Field(default=None, description="Where caught mail can be read; local run only.")
    issuing_body: str = Field(
        default="European Union Agency for Law Enforcement Training (CEPOL)",
        min_length=1,
        description="Who issues certificates of attendance; stands on each of them.",
    )
    programme_contact: str = Field(
        default="",
        description="How participants reach the programme: a name with an email address; on the contact page.",
    )
    data_controller: str = Field(
        default="", description="The controller of the participants' data, with an address; on the contact page."
    )
    data_protection_officer: str = Field(
        default="", description="The data protection officer, with an email address; on the contact page."
    )
    supervisory_authority: str = Field(
        default="", description="The authority that takes complaints about the use of data; on the contact page."
    )
    start_figures: bool = Field(
        default=True, description="Whether the start page shows everybody published figures; `false` leaves them out."
    )
    counting_secret: SecretStr | None = Field(
        default=None,
        description="Makes the counting keys, so that nobody can guess them. Default: derived from `session_key`.",
    )
    programme: str = Field(default="topcop", description="The programme: a counting key is valid in one only.")
    access_year_days: int = Field(default=365, ge=30, description="An access is confirmed again after so many days.")
    access_ask_days: int = Field(default=30, ge=0, description="So many days before, it is asked for.")
    access_grace_days: int = Field(default=30, ge=0, description="So many days after, it lapses unconfirmed.")

    @property
    def contacts(self) -> ProgrammeContacts:
        """Return who answers for the programme."""
        return ProgrammeContacts(
            self.programme_contact, self.data_controller, self.data_protection_officer, self.supervisory_authority
        )

    def to_set(self) -> list[str]:
        """Return the variables that this installation still has to set."""
        names = ("programme_contact", "data_controller", "data_protection_officer", "supervisory_authority")
        return super().to_set() + [f"TANDEM_{name.upper()}" for name in names if not getattr(self, name).strip()]
