"""Print a fresh `.env` with the secrets of `docker compose`; the file stays on the machine and out of git."""

from __future__ import annotations

import base64
import secrets

from deploy.signing import ed25519_keys, signing_keys


def environment() -> dict[str, str]:
    """Return all variables that `docker-compose.yml` asks for."""
    keys = signing_keys("Tandem") | ed25519_keys("ticket")
    names = (
        "POSTGRES_PASSWORD",
        "TANDEM_DATABASE_PASSWORD",
        "TANDEM_DATABASE_OWNER_PASSWORD",
        "KEYCLOAK_ADMIN_PASSWORD",
        "TANDEM_INITIAL_PASSWORD",
        "TANDEM_OIDC_CLIENT_SECRET",
        "TANDEM_SERVICE_TOKEN",
        "TANDEM_COUNTING_SECRET",
    )
    return {
        **{name: secrets.token_urlsafe(32) for name in names},
        "TANDEM_SESSION_KEY": base64.b64encode(secrets.token_bytes(32)).decode("ascii"),
        **{f"TANDEM_{name.upper()}": value for name, value in keys.items()},
        "TANDEM_FEEDS_PRIVATE_KEY": ed25519_keys("feeds")["feeds_private_key"],
        "TANDEM_FIRST_COORDINATOR": "persona-programme",
        # The database beside the services has no certificate; see docs/operating.md for one that has.
        "TANDEM_DATABASE_TLS": "sslmode=prefer",
    }


def main() -> None:
    """Print the variables in the form that compose reads; keys of several lines are quoted."""
    for name, value in environment().items():
        print(f'{name}="{value}"' if "\n" in value else f"{name}={value}")


if __name__ == "__main__":
    main()
