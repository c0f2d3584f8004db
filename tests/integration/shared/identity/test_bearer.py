"""Test which bearer tokens count, and how often the provider is asked."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from shared.identity.bearer import BearerTokens
from shared.identity.programs import Programs, SignInFailed
from shared.identity.provider import Provider, ProviderUnavailable

if TYPE_CHECKING:
    from tests.integration.shared.identity.conftest import SigningIssuer

ORIGIN = "http://localhost:8000"


@pytest.fixture
def tokens(signing_issuer: SigningIssuer) -> BearerTokens:
    """Checks tokens of the signing provider for our audience."""
    return BearerTokens(Provider(signing_issuer.issuer), audience="tandem")


async def subject(tokens: BearerTokens, token: str) -> str | None:
    """Return the subject that a token proves, if any."""
    proven = await tokens.proof(token)
    return None if proven is None else proven.subject


async def test_a_signed_access_token_counts(signing_issuer: SigningIssuer, tokens: BearerTokens) -> None:
    """Issuer, audience, signature and time are right: the subject is proven, and the keys are fetched once."""
    for _ in range(3):
        assert await subject(tokens, signing_issuer.token()) == "a-program"
    assert await subject(tokens, signing_issuer.token(sub="another")) == "another"
    assert signing_issuer.requests["/jwks"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"typ": "ID"},
        {"typ": None},
        {"typ": "Refresh"},
    ],
)
async def test_a_token_for_something_else_is_refused(
    signing_issuer: SigningIssuer, tokens: BearerTokens, changes: dict[str, object]
) -> None:
    """One wrong or missing claim is enough; an ID token is no access token though the provider signed it for us."""
    assert await subject(tokens, signing_issuer.token(None, **changes)) is None


async def test_a_forged_signature_is_refused(signing_issuer: SigningIssuer, tokens: BearerTokens) -> None:
    """Another's key under our key's name, no signature, and the public key taken as a shared secret are refused."""
    known = signing_issuer.keys[0]
    stranger = RSAKey.generate_key(2048, {"kid": "first"})
    good = signing_issuer.token()
    claims = {"iss": signing_issuer.issuer, "aud": "tandem", "sub": "x", "typ": "Bearer", "exp": int(time.time()) + 60}
    secret = OctKey.import_key(known.as_pem(private=False).replace(b"-----", b"====="))
    for token in (
        signing_issuer.token(key=stranger),
        "eyJhbGciOiJub25lIn0." + good.split(".")[1] + ".",
        jwt.encode({"alg": "HS256", "kid": known.kid}, claims, secret),
        good[:-6] + "AAAAAA",
        "..",
        "a.b.c",
    ):
        assert await subject(tokens, token) is None


async def test_new_keys_are_found_without_asking_each_time(
    signing_issuer: SigningIssuer, tokens: BearerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rotation an unknown key makes us ask again, but a flood of unknown keys does not."""
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    new = RSAKey.generate_key(2048, {"kid": "second"})
    for _ in range(5):
        assert await subject(tokens, signing_issuer.token(key=new)) is None
    assert signing_issuer.requests["/jwks"] == 1
    signing_issuer.keys.append(new)
    monkeypatch.setattr("shared.identity.provider._KEYS_AGAIN_AFTER", 0.0)
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    assert signing_issuer.requests["/jwks"] == 2


async def test_a_new_key_with_the_old_name_is_found(
    signing_issuer: SigningIssuer, tokens: BearerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that restarts with another key under the same name is believed again, after ten seconds at most."""
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    signing_issuer.keys[:] = [RSAKey.generate_key(2048, {"kid": "first"})]
    assert await subject(tokens, signing_issuer.token(jti="early")) is None
    assert signing_issuer.requests["/jwks"] == 1
    monkeypatch.setattr("shared.identity.provider._KEYS_AGAIN_AFTER", 0.0)
    assert await subject(tokens, signing_issuer.token(jti="later")) == "a-program"
    assert signing_issuer.requests["/jwks"] == 2


async def test_a_short_failure_of_the_provider_is_bridged(signing_issuer: SigningIssuer, tokens: BearerTokens) -> None:
    """Two failed answers in a row are tried again; a provider that stays away is said to be away."""
    signing_issuer.fails = 2
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    signing_issuer.fails = 3
    away = Provider(signing_issuer.issuer)
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await away.metadata()
    assert signing_issuer.fails == 0


async def test_known_keys_serve_on_while_the_provider_is_away(
    signing_issuer: SigningIssuer, tokens: BearerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys published before still count when it is time to ask again and nobody answers."""
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    monkeypatch.setattr(tokens._provider._keys, "_good_for", 0.0)
    signing_issuer.fails = 100
    assert await subject(tokens, signing_issuer.token(sub="another")) == "another"


async def test_a_provider_that_is_another_one_is_not_believed(signing_issuer: SigningIssuer) -> None:
    """The discovery document names its issuer: if that is not ours, nothing in it counts."""
    with pytest.raises(ProviderUnavailable, match="says it is"):
        await Provider(signing_issuer.issuer.replace("127.0.0.1", "localhost")).metadata()


async def test_the_provider_may_be_reached_at_another_address_than_browsers_use(signing_issuer: SigningIssuer) -> None:
    """Services in a cluster ask at the inner address; the issuer that tokens name stays the outer one."""
    inner = signing_issuer.issuer.replace("127.0.0.1", "localhost")
    tokens = BearerTokens(Provider(signing_issuer.issuer, inner), audience="tandem")
    assert await subject(tokens, signing_issuer.token()) == "a-program"
    assert await subject(tokens, signing_issuer.token(iss=inner)) is None


async def test_an_opaque_token_is_vouched_for_by_the_provider(provider: str) -> None:
    """The local provider's tokens are checked at its userinfo endpoint and remembered for a minute."""
    async with Programs(provider, client_id="tandem", client_secret="x", origin=ORIGIN) as programs:
        token = await programs.sign_in_as("persona-mentor")
        assert await programs.sign_in_as("persona-mentor") == token
    tokens = BearerTokens(Provider(provider), audience="tandem")
    assert await subject(tokens, token) == "persona-mentor"
    tokens._provider = Provider("http://127.0.0.1:1")
    assert await subject(tokens, token) == "persona-mentor"
    with pytest.raises(ProviderUnavailable):
        await subject(tokens, "not-seen-before")


async def test_nonsense_is_refused_without_asking(signing_issuer: SigningIssuer, tokens: BearerTokens) -> None:
    """An empty, an endless or a non-ASCII token needs no question to the provider."""
    for token in ("", "x" * 9000, "пароль"):
        assert await subject(tokens, token) is None
    assert signing_issuer.requests == {}


async def test_the_memory_of_tokens_is_bounded(signing_issuer: SigningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a limited number of tokens is remembered, however many are sent, and the token itself never is."""
    monkeypatch.setattr("shared.identity.bearer._KEPT_AT_MOST", 5)
    tokens = BearerTokens(Provider(signing_issuer.issuer), audience="tandem")
    sent = [signing_issuer.token(jti=secrets.token_hex(4)) for _ in range(12)]
    for token in sent:
        assert await subject(tokens, token) == "a-program"
    assert len(tokens._known) == 5
    assert not any(part in repr(tokens._known) for token in sent for part in token.split("."))


async def test_a_refused_program_gets_an_error_with_a_name(signing_issuer: SigningIssuer, provider: str) -> None:
    """A provider that has no form to fill in, or refuses, is an error with a name, not a silent None."""
    async with Programs(provider, client_id="tandem", client_secret="x", origin=ORIGIN) as programs:
        with pytest.raises(SignInFailed):
            await programs.sign_in()
    async with Programs(signing_issuer.issuer, client_id="tandem", client_secret="x", origin=ORIGIN) as programs:
        with pytest.raises(ProviderUnavailable):
            await programs.sign_in_as("persona-officer")
