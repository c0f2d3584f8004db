"""Cut payloads of the journal, leaving their digests and a signed mark.

Nobody may change the journal; `erase_payload`, a function of the database's owner, removes members of one payload and
notes that in `erasure`, in which only it writes. The mark is signed with a key that is outside of the database: a mark
that was made with SQL alone, by any role, does not verify.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shared.bus.db.journal import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

# The search path is fixed, so that nobody puts a table of his own in the place of one of these. A payload can be cut,
# never replaced: the rest must be contained in the payload.
FUNCTION = """
CREATE FUNCTION erase_payload(fact uuid, rest text, moment timestamptz, by_whom text, why text, seal bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE whole text;
BEGIN
  SELECT payload INTO whole FROM public.journal WHERE id = fact FOR UPDATE;
  IF whole IS NULL OR EXISTS (SELECT FROM public.erasure WHERE journal_id = fact) THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT FROM public.outbox WHERE id = fact) THEN
    RAISE USING ERRCODE = 'object_in_use', MESSAGE = 'The fact ' || fact || ' waits to be sent.';
  END IF;
  IF jsonb_typeof(rest::jsonb) <> 'object' OR NOT whole::jsonb @> rest::jsonb THEN
    RAISE USING ERRCODE = 'check_violation', MESSAGE = 'The rest is no part of the payload of ' || fact || '.';
  END IF;
  UPDATE public.journal SET payload = rest WHERE id = fact;
  INSERT INTO public.erasure (journal_id, digest_after, erased_at, erased_by, reason, signature)
  VALUES (fact, sha256(convert_to(rest, 'UTF8')), moment, by_whom, why, seal);
  RETURN true;
END $$
"""
CLOSED = "REVOKE ALL ON FUNCTION erase_payload FROM PUBLIC"
GONE = "DROP FUNCTION erase_payload"
_PUBLIC_KEY = re.compile("-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A note of an erasure: the fact, the digests of its payload before and after, time, person and reason."""

    fact: UUID
    digest: bytes
    digest_after: bytes
    erased_at: datetime
    erased_by: str
    reason: str

    @property
    def statement(self) -> bytes:
        """The bytes that are signed: one field a line, and none can reach into the next."""
        moment = str(round(self.erased_at.timestamp() * 1_000_000))
        fields = [str(self.fact), self.digest.hex(), self.digest_after.hex(), moment]
        texts = [text.encode().hex() for text in (self.erased_by, self.reason)]
        return "\n".join(["tandem erasure 1", *fields, *texts]).encode()


def mark_of(row: asyncpg.Record) -> Mark | None:
    """Return the mark of a row of the journal that was read with its row of `erasure`; None where it has none."""
    if row["digest_after"] is None:
        return None
    return Mark(row["id"], row["digest"], row["digest_after"], row["erased_at"], row["erased_by"], row["reason"])


class ErasureKeys:
    """The public keys with which marks verify."""

    def __init__(self, pem: str) -> None:
        """Take keys as PEM, one after the other. Raises `ValueError` for another kind of key."""
        found = [load_pem_public_key(each.encode()) for each in _PUBLIC_KEY.findall(pem)]
        self._keys = [key for key in found if isinstance(key, Ed25519PublicKey)]
        if len(self._keys) < len(found) or (pem.strip() and not found):
            raise ValueError("The keys of erasures are Ed25519 public keys in PEM.")

    def signed(self, mark: Mark, signature: bytes) -> bool:
        """Return whether one of the keys has signed the mark."""
        for key in self._keys:
            try:
                key.verify(signature, mark.statement)
            except InvalidSignature:
                continue
            return True
        return False

    def fault(self, mark: Mark | None, signature: bytes | None, payload: bytes, stated: bytes) -> str | None:
        """Return what is wrong with a payload whose digest was `stated` when it was written, and with its mark."""
        now = digest(payload)
        if mark is None:
            return None if now == stated else "the payload was changed"
        if now == stated:
            return "the payload is marked as erased, and is whole"
        if now != mark.digest_after:
            return "what an erasure left was changed"
        return None if self.signed(mark, signature or b"") else "the payload was erased without the key of erasures"


async def erase(
    connection: asyncpg.Connection, facts: Sequence[tuple[UUID, str]], key: str, *, at: datetime, by: str, reason: str
) -> int:
    """Cut the payloads of `facts` to what is given with each, sign for it, and return how many were not cut before.

    `key` is the private key of erasures (PEM), `at` real time. Raises `asyncpg.CheckViolationError` where something
    would be left that is not in the payload, and `asyncpg.ObjectInUseError` where a fact has not been sent yet.
    """
    private = load_pem_private_key(key.encode(), None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("The key of erasures is an Ed25519 private key in PEM.")
    query = "SELECT id, digest FROM journal WHERE id = ANY($1) ORDER BY id"
    digests = {row["id"]: row["digest"] for row in await connection.fetch(query, [fact for fact, _ in facts])}
    cut = 0
    for fact, rest in facts:
        if fact in digests:
            mark = Mark(fact, digests[fact], digest(rest.encode()), at, by, reason)
            done = await connection.fetchval(
                "SELECT erase_payload($1, $2, $3, $4, $5, $6)", fact, rest, at, by, reason, private.sign(mark.statement)
            )
            cut += bool(done)
    return cut
