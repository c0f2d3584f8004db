"""The settings of the notifications service."""

from __future__ import annotations

import re
from email.utils import parseaddr
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notifications.preferences.model.quiet_hours import USUAL, Hours, Quiet
from services.notifications.webhooks.model.target import Network, networks
from services.notifications.webhooks.model.webhook import SCHEDULE
from shared.contracts.codes import DeadlineKind
from shared.identity.sealing import Seal, keys_from
from shared.settings import ServiceSettings


class ReminderSettings(BaseSettings):
    """The settings of reminders; separate, since a rebuild needs these settings and no others."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", extra="ignore", frozen=True, hide_input_in_errors=True)

    reminders: dict[DeadlineKind, Annotated[int, Field(ge=0, le=365)]] = Field(
        default_factory=dict,
        description="How many days before it is due people are reminded, where not as usual, as JSON:"
        ' `{"endorsement": 5, "report": 14}`; 0: not at all. For deadlines that are set, or changed, from then on.',
    )


class Settings(ServiceSettings, ReminderSettings):
    """All settings of the service."""

    port: int = Field(default=8030, description="The port on which this service listens.")
    reader_gathers_ms: int = Field(
        default=60,
        ge=0,
        le=1000,
        description="As for every service; mails wait so long, and leave the machine to what people look at.",
    )
    reader_batch: int = Field(
        default=200,
        ge=1,
        description="Events that are read in one go: few, since mail goes out and pages are answered in between.",
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
    mail_gathers_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        description="So long a message waits for others to the same reader, to be one email; an urgent one does not.",
    )
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
        default=10,
        ge=1,
        le=20,
        description="What is sent to one endpoint at the same time; 1 keeps the order of first attempts.",
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
        """Internal networks that webhooks may be sent into."""
        return networks(self.webhook_allowed_networks)

    @property
    def schedule(self) -> tuple[float, ...]:
        """Seconds to wait after the first, second ... failed attempt of a webhook."""
        return tuple(float(seconds) for seconds in self.webhook_schedule.split(","))

    dkim_key: SecretStr | None = Field(
        default=None, description="Signs our mails (DKIM): an RSA private key as PEM, or the path of a file with it."
    )
    dkim_selector: str = Field(
        default="tandem", pattern=r"^[A-Za-z0-9.-]+$", description="Under which name DNS has its public half."
    )
    dkim_domain: str | None = Field(default=None, description="Who signs; default: the domain of `mail_from`.")
    bounce_address: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,13}@[A-Za-z0-9.-]+$",
        description="Where reports about our mails go: `bounces@x`; each mail gets `bounces+<token>@x` as its sender.",
    )
    bounce_port: int | None = Field(
        default=None, ge=1, le=65535, description="Where this service takes such reports by SMTP. Default: it does not."
    )
    quiet_hours: str = Field(
        default=USUAL, description="When mail waits for the morning, in each country's local time; or `none`."
    )
    quiet_hours_of: dict[str, str] = Field(
        default_factory=dict, description='Countries with others, as JSON: `{"AM": "22:00-08:00", "FR": "none"}`.'
    )

    digest_hour: int | None = Field(
        default=8, ge=0, le=23, description="When coordinators are told what waits for them, local time; none: never."
    )

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        if self.bounce_port is not None and self.bounce_address is None:
            raise ValueError("TANDEM_BOUNCE_PORT needs TANDEM_BOUNCE_ADDRESS: to whom the reports are addressed.")
        _ = self.quiet
        return self

    @cached_property
    def quiet(self) -> Quiet:
        """The quiet hours of all countries."""
        return Quiet(
            Hours.read(self.quiet_hours), {country: Hours.read(text) for country, text in self.quiet_hours_of.items()}
        )

    @cached_property
    def choice_seal(self) -> Seal:
        """The seal of the links by which people choose how they get messages."""
        return Seal(self.bounce_keys, "choice")

    @cached_property
    def bounce_keys(self) -> tuple[bytes, ...]:
        """The keys that sign the return paths of mails: the session keys, newest first."""
        return keys_from(self.session_key.get_secret_value())

    @cached_property
    def mail_sender(self) -> tuple[str, str]:
        """The sender's name and address."""
        return parseaddr(self.mail_from)

    @cached_property
    def mail_domain(self) -> str:
        """The right side of Message-IDs: the sender's domain, the same on every machine."""
        return self.mail_sender[1].rpartition("@")[2] or "tandem.example"
