"""Seal and open the secrets of webhooks, with a key derived from the session key.

When the session key is replaced, its old value stays behind a comma until every service has started with it: the sender
then seals all secrets anew with the newest key, and the old one can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.webhooks.store import endpoints
from shared.identity.sealing import Seal, keys_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.notifications.settings import Settings
    from shared.bus import Tx


class SecretStore:
    """Seals and opens secrets."""

    def __init__(self, settings: Settings) -> None:
        """Take the keys of the settings."""
        self._seal = Seal(keys_from(settings.session_key.get_secret_value()), "webhook")

    def sealed(self, secret: str) -> str:
        """Return a secret sealed, as it is stored."""
        return self._seal.close({"secret": secret})

    def opened(self, sealed: Iterable[endpoints.Secret]) -> list[str]:
        """Return sealed secrets in plain, in the same order; those that none of our keys opens are left out."""
        found = [self._seal.open(secret.sealed) for secret in sealed]
        return [str(value["secret"]) for value in found if value is not None and "secret" in value]

    async def reseal(self, tx: Tx) -> None:
        """Seal every secret with the newest key; one that no key opens stays as it is."""
        for secret in await endpoints.all_secrets(tx.session):
            if opened := self.opened([secret]):
                await endpoints.seal(tx.session, secret.id, self.sealed(opened[0]))
