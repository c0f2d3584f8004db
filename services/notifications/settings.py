"""What do notifications have to be told to run, beyond what every service is told?"""

from __future__ import annotations

import re
from email.utils import parseaddr
from functools import cached_property
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from services.notifications.model.target import Network, networks
from services.notifications.model.webhook import SCHEDULE
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
    webhook_allowed_networks: str = Field(
        default="",
        description="Networks of our own into which webhooks may be sent, CIDR, parted by commas; http will do there.",
    )
    webhook_schedule: str = Field(
        default=",".join(f"{seconds:g}" for seconds in SCHEDULE),
        description="Seconds between the attempts of a webhook, parted by commas; the first is made at once.",
    )
    webhook_seconds: float = Field(default=15.0, gt=0, le=60, description="For how long a webhook waits for an answer.")
    webhook_connections: int = Field(
        default=4,
        ge=1,
        le=20,
        description="What is sent to one endpoint at the same time; 1 keeps the order of events.",
    )
    webhook_dead_days: float = Field(
        default=5.0, gt=0, le=30, description="After so many days without one success an endpoint is paused."
    )
    webhook_kept_days: int = Field(
        default=30, ge=1, le=400, description="For how long what was sent, or is to be sent, is kept."
    )

    @field_validator("webhook_allowed_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            networks(value)
        except ValueError as wrong:
            raise ValueError(
                f"TANDEM_WEBHOOK_ALLOWED_NETWORKS: write networks as 10.1.0.0/16,fd00::/8 ({wrong})."
            ) from None
        return value

    @field_validator("webhook_schedule")
    @classmethod
    def _schedule(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]+)?(,[0-9]{1,7}(\.[0-9]+)?){0,49}", value):
            raise ValueError("TANDEM_WEBHOOK_SCHEDULE: write seconds as 5,300,1800.")
        return value

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """Into which networks of our own webhooks may be sent."""
        return networks(self.webhook_allowed_networks)

    @property
    def schedule(self) -> tuple[float, ...]:
        """Seconds after the first, the second ... failed attempt of a webhook."""
        return tuple(float(each) for each in self.webhook_schedule.split(","))

    @cached_property
    def mail_sender(self) -> tuple[str, str]:
        """The sender's name and address."""
        return parseaddr(self.mail_from)

    @cached_property
    def mail_domain(self) -> str:
        """The right side of our Message-IDs: the sender's domain, so that they stay the same on every machine."""
        return self.mail_sender[1].rpartition("@")[2] or "tandem.example"
