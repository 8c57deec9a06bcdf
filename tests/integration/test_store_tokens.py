"""Tokens in a real store: one for each name, whoever asks at the same moment."""

from __future__ import annotations

import asyncio

from strategies.store import Store
from strategies.store.tokens import Token


def token_of(name: str, role: str = "viewer") -> Token:
    return Token(name, role, 0.0)


async def test_of_many_who_ask_for_one_name_at_once_one_has_it(store: Store) -> None:
    asked = [store.add_token(f"digest{nth}", token_of("mira")) for nth in range(20)]
    made = await asyncio.gather(*asked)
    assert sum(made) == 1
    assert await store.tokens() == [token_of("mira")]
    assert await store.token(f"digest{made.index(True)}") == token_of("mira")


async def test_a_name_that_was_taken_back_is_free_again(store: Store) -> None:
    odd = 'b"o\\ ö'
    assert await store.add_token("one", token_of(odd))
    assert await store.add_token("two", token_of("mira"))
    assert not await store.add_token("three", token_of(odd, "admin"))
    assert await store.remove_token(odd)
    assert not await store.remove_token(odd)
    assert await store.token("one") is None
    assert await store.add_token("three", token_of(odd, "admin"))
    assert await store.tokens() == [token_of(odd, "admin"), token_of("mira")]
