"""What do notifications have to be told to run, beyond what every service is told?"""

from __future__ import annotations

from email.utils import parseaddr
from functools import cached_property
from typing import Literal

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Where mail goes out, and where the portal is asked for contacts."""

    port: int = Field(default=8030, description="The port on which this service listens.")
    portal_url: str = Field(
        default="http://127.0.0.1:8010", description="Where the portal listens, for contacts; no slash at the end."
    )
    smtp_host: str = Field(default="127.0.0.1", description="The mail server that takes our mail.")
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none", description="`starttls`: asked for after connecting, and insisted on; `tls`: from the start."
    )
    mail_from: str = Field(
        default="Tandem <no-reply@tandem.example>", description="The sender, an address or `Name <address>`."
    )
    mail_connections: int = Field(default=4, ge=1, le=50, description="Mails that go out at the same time.")

    @cached_property
    def mail_sender(self) -> tuple[str, str]:
        """The sender's name and address."""
        return parseaddr(self.mail_from)

    @cached_property
    def mail_domain(self) -> str:
        """The right side of our Message-IDs: the sender's domain, so that they stay the same on every machine."""
        return self.mail_sender[1].rpartition("@")[2] or "tandem.example"
