"""Make the secrets of `docker compose`, one file each, in a folder that git and Docker's builds ignore.

What is there already stays as it is: data in the volumes can be read with these secrets only. Nobody but the folder's
owner may enter it; its files can be read by any user, since containers see them under users of their own.
"""

from __future__ import annotations

import base64
import secrets
import sys
from pathlib import Path

from deploy.kafka.access import ADMIN, TOOLS
from deploy.signing import ed25519_keys, signing_keys
from shared.contracts.topics import SERVICES

# The database beside the services has no certificate; see docs/operating.md for one that has.
_TLS = "sslmode=prefer"
_PASSWORDS = (
    "postgres_password",
    "keycloak_database_password",
    "keycloak_admin_password",
    "initial_password",
    "oidc_client_secret",
    "service_token",
    "counting_secret",
    *(f"kafka_{user}_password" for user in (ADMIN, TOOLS, *SERVICES)),
)


def groups() -> list[dict[str, str]]:
    """Return fresh secrets by the name of their file; those of a group belong together, such as the keys of a pair."""
    return [
        *({name: secrets.token_urlsafe(32)} for name in _PASSWORDS),
        {"session_key": base64.b64encode(secrets.token_bytes(32)).decode("ascii")},
        *({f"{service}_database_url": _database(service, service)} for service in SERVICES),
        *({f"{service}_database_owner_url": _database(service, f"{service}_owner")} for service in SERVICES),
        ed25519_keys("ticket"),
        ed25519_keys("erasure"),
        {"feeds_private_key": ed25519_keys("feeds")["feeds_private_key"]},
        signing_keys("Tandem"),
    ]


def _database(service: str, role: str) -> str:
    return f"postgresql://{role}:{secrets.token_urlsafe(32)}@postgres/{service}?{_TLS}"


def write(folder: Path) -> list[str]:
    """Write the secrets that are missing, and return the names of their files.

    Raises `SystemExit` where only one half of a pair is there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for group in groups():
        there = [name for name in group if (folder / name).exists()]
        if there and len(there) < len(group):
            raise SystemExit(f"{', '.join(sorted(set(group) - set(there)))} is missing beside {', '.join(there)}.")
        for name, value in group.items() if not there else ():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(value)
            (folder / name).chmod(0o444)
            made.append(name)
    return made


def main() -> None:
    """Write what is missing in the folder given, and say what was made and what was kept."""
    folder = Path(sys.argv[1])
    made = write(folder)
    kept = sorted(path.name for path in folder.iterdir() if path.name not in made)
    if made and kept:
        print(f"{len(kept)} secrets were there and are kept. Made, since they were missing: {', '.join(made)}.")
    elif made:
        print(f"{len(made)} secrets are in {folder.name}. Keep this folder: the data cannot be read without it.")
    else:
        print(f"All {len(kept)} secrets were there and are kept.")


if __name__ == "__main__":
    main()
