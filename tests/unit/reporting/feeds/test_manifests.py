"""A manifest is signed so that others can check it, and shows when something was removed or altered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from services.reporting.feeds import signing
from services.reporting.feeds.actions import files as feeds_files
from services.reporting.feeds.model import publication as model
from services.reporting.feeds.model.publication import Manifest
from tests.unit.reporting.feeds.test_iati_rules import AT, WHERE, figures, settings

HOME = "https://tandem.example/reporting/feeds"


def manifests() -> list[Manifest]:
    """Return the manifests of a publication, of its restatement, and of another period after it."""
    made: list[Manifest] = []
    key = OKPKey.generate_key("Ed25519")
    stated = (WHERE, replace(WHERE, statement=2), replace(WHERE, period=replace(WHERE.period, label="2027")))
    for number, where in enumerate(stated, 1):
        at = AT + timedelta(days=number)
        files = feeds_files.files(figures(), where, settings())
        added = model.publication(where, figures(), files, at, base=HOME)
        content = model.next_manifest(made[-1] if made else None, added, at, HOME)
        made.append(Manifest(number, content, signing.signed(content, key), signing.public(key), at))
    return made


def test_a_manifest_lists_every_publication() -> None:
    """Each file has address, size, digest and any successor, and each manifest names the one before."""
    first, second, third = manifests()
    manifest = json.loads(third.content)
    assert manifest["previous"] == {"manifest": 2, "sha256": second.digest}
    assert json.loads(first.content)["previous"] is None
    assert [(each["period"], each["statement"], each["replaced_by"]) for each in manifest["publications"]] == [
        ("2026", 1, 2),
        ("2026", 2, None),
        ("2027", 1, None),
    ]
    (file,) = (each for each in manifest["publications"][1]["files"] if each["name"] == "figures.csv")
    restated = feeds_files.files(figures(), replace(WHERE, statement=2), settings())
    content = next(each.content for each in restated if each.name == "figures.csv")
    assert file["address"] == f"{HOME}/2026/2/figures.csv"
    assert (file["size"], file["sha256"]) == (len(content), model.sha256(content))
    assert {each["indicator"] for each in manifest["publications"][0]["definitions"]} == {
        "TOPCOP-OP-02",
        "TOPCOP-PR-01",
    }


def _without(manifest: Any) -> None:
    del manifest["publications"][0]


def _altered(manifest: Any) -> None:
    manifest["publications"][0]["files"][0]["sha256"] = "0" * 64


def _unchained(manifest: Any) -> None:
    manifest["previous"]["sha256"] = "0" * 64


def _renumbered(manifest: Any) -> None:
    manifest["manifest"] = 7


@pytest.mark.parametrize("change", [_without, _altered, _unchained, _renumbered])
def test_removed_or_altered_entries_are_found(change: Any) -> None:
    """A chain of manifests is valid as made, and invalid if an earlier publication is missing or changed."""
    contents = [each.content for each in manifests()]
    assert model.broken(contents) == []
    manifest = json.loads(contents[-1])
    change(manifest)
    assert model.broken([*contents[:-1], json.dumps(manifest).encode()])


def test_a_signature_is_valid_for_its_bytes_and_key_only() -> None:
    """With another byte, key or header the signature is invalid."""
    key, other = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    signature = signing.signed(b"what was published", key)
    assert signing.holds(b"what was published", signature, signing.public(key))
    assert not signing.holds(b"what was published.", signature, signing.public(key))
    assert not signing.holds(b"what was published", signature, signing.public(other))
    assert not signing.holds(b"what was published", "e30" + signature[3:], signing.public(key))
    assert not signing.holds(b"what was published", "nonsense", signing.public(key))


def test_public_keys_have_no_private_part() -> None:
    """The set has each key once, named by its thumbprint, and no private part."""
    key = OKPKey.generate_key("Ed25519")
    manifest = signing.key_set([signing.public(key), signing.public(key)])
    (shown,) = manifest["keys"]
    assert shown["kid"] == key.thumbprint()
    assert set(shown) == {"kty", "crv", "x", "kid", "use", "alg"}


@pytest.mark.parametrize(
    "pem",
    [
        "no key",
        ECKey.generate_key("P-256").as_pem(private=True).decode(),
        OKPKey.generate_key("Ed25519").as_pem(private=False).decode(),
    ],
)
def test_an_unusable_key_is_reported_without_its_contents(pem: str) -> None:
    """The setting is named with the remedy, before anything is published."""
    with pytest.raises(signing.Unreadable, match="TANDEM_FEEDS_PRIVATE_KEY") as refusal:
        signing.key_of(settings(feeds_private_key=pem))
    assert pem not in str(refusal.value)
