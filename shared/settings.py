"""Define the settings that all services share.

Every value comes from the environment, prefix `TANDEM_`, or from a file of the folder `TANDEM_SECRETS_DIR` that is
named like its variable, such as `tandem_session_key`. The environment counts where both have a value.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SecretsSettingsSource, SettingsConfigDict

from shared.secret_files import SECRETS_DIR

if TYPE_CHECKING:
    from pydantic_settings import PydanticBaseSettingsSource


def plain_address(url: str) -> str:
    """Return a database's address without SQLAlchemy's name of the driver, as asyncpg reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


class ServiceSettings(BaseSettings):
    """The settings that all four services share. Secrets are `SecretStr`, so that no log shows them."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_", extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library names it; there is no such file
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the folder of secrets that the environment names (called by the library)."""
        folder = os.environ.get(SECRETS_DIR)
        files = SecretsSettingsSource(settings_cls, secrets_dir=folder) if folder else file_secret_settings
        return init_settings, env_settings, files

    database_url: SecretStr = Field(
        description="The service's own PostgreSQL database, `postgresql://user:pass@host/db`, as the role that serves."
        " For TLS with it add"
        " `?sslmode=verify-full&sslrootcert=/path/to/ca.pem`: it holds for all connections."
    )
    database_direct_url: SecretStr | None = Field(
        default=None,
        description="The same without a pooler in between; LISTEN needs it. Default: `database_url`, whose parameters"
        " also hold where this has none.",
    )
    database_pool: int = Field(default=12, ge=2, description="Connections that this process keeps at the most.")
    database_idle_seconds: int = Field(
        default=0, ge=0, description="A connection that is unused for so long is closed by the server. 0: never."
    )

    kafka: str = Field(description="Bootstrap servers of Apache Kafka, `host:port,...`.")
    kafka_security: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How Kafka is reached; with SASL as a user, by SCRAM-SHA-512."
    )
    kafka_user: str | None = Field(default=None, description="This service's user of Kafka, named like the service.")
    kafka_password: SecretStr | None = Field(default=None, description="The password of `kafka_user`.")

    origin: str = Field(
        default="http://localhost:8000",
        description="Where people reach the gateway: https, or localhost; no slash at the end.",
    )
    host: str = Field(default="127.0.0.1", description="The address on which this service listens.")
    port: int = Field(default=8010, description="The port on which this service listens.")
    gateways: str = Field(
        default="127.0.0.1",
        description="Gateways whose word on the sender's address counts: addresses, parted by commas, or `*` for all.",
    )
    local: bool = Field(
        default=False, description="A local run: personas on the start page, a clock that can be moved."
    )
    clock_file: str | None = Field(default=None, description="The file with the clock's offset; local run only.")

    session_key: SecretStr = Field(
        description="Seals cookies, links and forms; 32 bytes or more, base64; commas part old keys."
    )
    oidc_issuer: str = Field(description="The OpenID Connect issuer's address.")
    oidc_discovery: str | None = Field(
        default=None,
        description="Where services reach the issuer, if not at the address that browsers use; no slash at the end.",
    )
    oidc_client_id: str = "tandem"
    oidc_client_secret: SecretStr = SecretStr("")
    require_scopes: bool = Field(
        default=False,
        description="A bearer token acts only in the roles that its scopes name; without any, in no role.",
    )
    ticket_public_key: str = Field(description="PEM, Ed25519: checks the tickets that the portal signs.")
    service_token: SecretStr = Field(description="Opens the internal routes between services.")
    portal_url: str = Field(
        default="http://127.0.0.1:8010",
        description="Where services reach the portal, which keeps sessions and contacts; no slash at the end.",
    )

    api_requests: int = Field(
        default=600,
        ge=0,
        description="API requests that one person, program or address may make a minute, in each process; 0: no limit.",
    )

    sign_in_requests: int = Field(
        default=120,
        ge=0,
        description="Steps of sign-ins (each has two) that one address may make a minute, in each process; 0: any.",
    )
    link_requests: int = Field(
        default=60,
        ge=0,
        description="Uses of one link with a key a minute, and wrong keys of one address, in each process; 0: any.",
    )
    form_requests: int = Field(
        default=120,
        ge=0,
        description="Forms that one person, else one address, may send a minute, in each process; 0: any.",
    )

    anchors: Path | None = Field(
        default=None,
        description="A folder outside the database, in which the heads of the journal are anchored once a day. Default:"
        " they are not.",
    )
    otlp_endpoint: str | None = Field(default=None, description="Where traces go (OTLP over HTTP). Default: nowhere.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    relay_batch: int = Field(default=2000, ge=1, description="Rows that the relay sends in one go.")
    reader_batch: int = Field(default=2000, ge=1, description="Records that the reader takes in one go.")
    reader_gathers_ms: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="For how long the reader, with a few records in hand, waits for more to apply at once.",
    )

    reader_failing_subjects: int = Field(
        default=20, ge=1, description="Subjects that may fail one after the other before the reader pauses."
    )
    dead_letters_of_subject: int = Field(
        default=1_000, ge=1, description="Dead letters of one subject beyond which the reader pauses."
    )
    dead_letters_in_all: int = Field(
        default=100_000, ge=1, description="Dead letters in all beyond which the reader pauses."
    )

    @field_validator("origin")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("TANDEM_ORIGIN: people are served by https; only localhost may go without.")
        return value

    @property
    def direct_url(self) -> str:
        """Return the address for LISTEN: a connection of its own, without a pooler, as well encrypted as the others."""
        pooled = self.database_url.get_secret_value()
        url = self.database_direct_url.get_secret_value() if self.database_direct_url else pooled
        parameters = pooled.partition("?")[2]
        if parameters and "?" not in url:
            url = f"{url}?{parameters}"
        return plain_address(url)

    def to_set(self) -> list[str]:
        """Return the variables that an installation has to set for its people, and has not; without them it works."""
        return []
