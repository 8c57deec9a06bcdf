"""Addresses of people who were erased, as keyed hashes: what keeps a later import from having them called
again; taking a person away is left to `erasure`."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence

from strategies.store.codec import text
from strategies.store.contact_codec import addresses_of
from strategies.store.lines import packed
from strategies.store.people import People
from strategies.vocabulary import Kind

KEY = "key"  # the field of the hash that holds the key: no mark is so short
ERASED = "erased"


class Forgotten(People):
    """Who was erased, without who it was."""

    async def _erasure_key(self) -> bytes:
        """The tenant's key for these hashes, made when it is first needed."""
        await self._command("HSETNX", self._keys.erased, KEY, secrets.token_hex(32))
        return bytes.fromhex((await self._command("HGET", self._keys.erased, KEY)).decode())

    async def pseudonym(self, value: str) -> str:
        """What stands in the ledger for an id or address that was erased: always the same, and no way
        back."""
        return f"{ERASED}-{mark(await self._erasure_key(), value)[:16]}"

    async def erased_among(self, addresses: Sequence[str]) -> list[str]:
        """Those of the addresses that belonged to somebody who was erased."""
        if not addresses or not await self._command("EXISTS", self._keys.erased):
            return []
        key = await self._erasure_key()
        found = await self._command("HMGET", self._keys.erased, *(mark(key, one) for one in addresses))
        return [address for address, at in zip(addresses, found, strict=True) if at]

    async def _keep_erased_away(self, records: Iterable[bytes]) -> None:
        """Put those who come back by an import on do-not-call, as the law and they themselves expect."""
        if not await self._command("EXISTS", self._keys.erased):
            return
        listed = [address for record in records if record for address in addresses_of(record)]
        found = await self.erased_among(listed)
        if not found:
            return
        at = self._clock()
        line = {"kind": Kind.DO_NOT_CALL, "addresses": found, "reason": ERASED, "by": ERASED}
        note = text({"reason": ERASED, "by": ERASED, "at": at})
        await self._call(
            "suppress",
            (self._keys.do_not_call, self._keys.ledger, self._keys.figures("")),
            {"entries": found, "note": note, "prefixes": False, "lines": packed([line], at=at)},
        )


def mark(key: bytes, value: str) -> str:
    """The keyed hash of an address or id."""
    return hmac.digest(key, value.encode(), "sha256").hex()
