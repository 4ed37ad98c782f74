"""The callback cipher against public vectors, against a third party's implementation, and under attack."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES
from dingtalk.core.exceptions import InvalidSignatureException
from dingtalk.crypto import DingTalkCrypto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.dingtalk.callback_crypto import (
    CallbackCipher,
    CallbackCryptoError,
    CallbackFault,
    Opened,
    check_signature,
    sign,
)

# The first use of text() on a machine builds its table of characters, which takes seconds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VECTORS = json.loads((Path(__file__).parent / "dingtalk-crypto-vectors.json").read_text("utf-8"))
AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
KEY = base64.b64decode(AES_KEY + "=")
OWNER = "dingtestappkey0000001"
SIGNED = ("token", "timestamp", "nonce", "encrypt")
READABLE = VECTORS["real"] + VECTORS["generated"]


def encrypted(plaintext: bytes) -> str:
    """Encrypt bytes as they are, so that a test can build what nobody should send."""
    sealed = AES.new(KEY, AES.MODE_CBC, iv=KEY[:16]).encrypt(plaintext)
    return base64.b64encode(sealed).decode()


def padded(body: bytes, *, pad: int | None = None) -> bytes:
    pad = 32 - len(body) % 32 if pad is None else pad
    return body + bytes([pad]) * pad


def fault_of(encrypt: str, *owner_keys: str) -> CallbackFault:
    with pytest.raises(CallbackCryptoError) as caught:
        CallbackCipher(AES_KEY).open(encrypt, owner_keys=owner_keys or (OWNER,))
    return caught.value.fault


def accept(vector: dict[str, Any]) -> Opened:
    """Both checks, in the order in which a callback makes them."""
    check_signature(**{name: vector[name] for name in SIGNED}, signature=vector["signature"])
    return CallbackCipher(vector["aes_key"]).open(vector["encrypt"], owner_keys=[vector["owner_key"]])


@pytest.mark.parametrize("vector", READABLE, ids=lambda vector: vector["id"])
def test_a_vector_is_signed_opened_and_sealed_again_byte_for_byte(vector: dict[str, Any]) -> None:
    opened = accept(vector)
    cipher = CallbackCipher(vector["aes_key"])
    assert (opened.message, opened.owner_key) == (vector["plaintext"], vector["owner_key"])
    prefix = vector["random16"].encode("latin-1")
    sealed = cipher.seal(vector["plaintext"], owner_key=vector["owner_key"], random_bytes=lambda _n: prefix)
    assert sealed == vector["encrypt"]


@pytest.mark.parametrize("vector", VECTORS["signature_only"], ids=lambda vector: vector["id"])
def test_the_signature_sorts_in_byte_order(vector: dict[str, Any]) -> None:
    assert sign(**{name: vector[name] for name in SIGNED}) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["negative"], ids=lambda vector: vector["id"])
def test_a_bad_vector_is_refused_for_the_named_reason(vector: dict[str, Any]) -> None:
    # A ciphertext too short for the header may fail at either check.
    reasons = {"bad_padding_or_length": {"bad_padding", "bad_length"}}
    with pytest.raises(CallbackCryptoError) as caught:
        accept(vector)
    assert caught.value.fault in reasons.get(vector["expect"], {vector["expect"]})


@UNHURRIED
@given(message=st.text(max_size=200), owner=st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True))
def test_whatever_is_sealed_opens_again(message: str, owner: str) -> None:
    cipher = CallbackCipher(AES_KEY)
    opened = cipher.open(cipher.seal(message, owner_key=owner), owner_keys=[owner])
    assert (opened.message, opened.owner_key) == (message, owner)


@pytest.mark.parametrize("extra", range(32))
def test_every_pad_length_and_four_byte_characters_survive(extra: int) -> None:
    message = "审批👍𠮷" + "x" * extra
    cipher = CallbackCipher(AES_KEY)
    sealed = cipher.seal(message, owner_key=OWNER)
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert cipher.open(sealed, owner_keys=[OWNER]).message == message


@pytest.mark.parametrize("extra", range(32))
def test_a_third_party_opens_what_we_seal_and_we_open_what_it_seals(extra: int) -> None:
    message = json.dumps(
        {"EventType": "bpms_instance_change", "title": "张三👍" + "x" * extra}, ensure_ascii=False
    )
    theirs = DingTalkCrypto("portalToken01", AES_KEY, OWNER)
    cipher = CallbackCipher(AES_KEY)
    ours = cipher.seal(message, owner_key=OWNER)
    signature = sign(token="portalToken01", timestamp="1767337445001", nonce="n0nce", encrypt=ours)
    assert theirs.decrypt_encrypt_str(signature, "1767337445001", "n0nce", ours) == message

    sent = theirs.encrypt_message(message, "n0nce", "1767337445001")
    check_signature(
        token="portalToken01",
        timestamp="1767337445001",
        nonce="n0nce",
        encrypt=sent["encrypt"],
        signature=sent["msg_signature"],
    )
    assert cipher.open(sent["encrypt"], owner_keys=[OWNER]).message == message


def test_a_third_party_refuses_what_was_signed_with_another_token() -> None:
    sealed = CallbackCipher(AES_KEY).seal("success", owner_key=OWNER)
    signature = sign(token="anotherToken1", timestamp="1", nonce="n", encrypt=sealed)
    with pytest.raises(InvalidSignatureException):
        DingTalkCrypto("portalToken01", AES_KEY, OWNER).decrypt_encrypt_str(signature, "1", "n", sealed)


@pytest.mark.parametrize("pad", range(2, 33))
def test_mixed_padding_bytes_are_refused(pad: int) -> None:
    body = b"r" * 16 + (2).to_bytes(4, "big") + b"{}" + OWNER.encode()
    body += b"x" * ((32 - pad - len(body)) % 32)
    whole = bytearray(padded(body, pad=pad))
    whole[-pad] ^= 0xFF
    assert fault_of(encrypted(bytes(whole))) is CallbackFault.BAD_PADDING


@pytest.mark.parametrize("last_byte", [0, 33, 64, 255])
def test_a_pad_length_out_of_range_is_refused(last_byte: int) -> None:
    assert fault_of(encrypted(bytes([last_byte]) * 64)) is CallbackFault.BAD_PADDING


@pytest.mark.parametrize("length", [3, 2**31, 2**32 - 1])
def test_a_length_beyond_the_end_is_refused(length: int) -> None:
    body = b"r" * 16 + length.to_bytes(4, "big") + b"{}"
    assert fault_of(encrypted(padded(body))) is CallbackFault.BAD_LENGTH


@pytest.mark.parametrize("owner_keys", [("ding0123",), ("",), (OWNER + "x",), (OWNER[:-1],)])
def test_a_message_for_somebody_else_is_refused(owner_keys: tuple[str, ...]) -> None:
    sealed = CallbackCipher(AES_KEY).seal("{}", owner_key=OWNER)
    assert fault_of(sealed, *owner_keys) is CallbackFault.OWNER_MISMATCH


def test_an_empty_owner_never_matches_an_empty_setting() -> None:
    sealed = CallbackCipher(AES_KEY).seal("{}", owner_key="")
    assert fault_of(sealed, "") is CallbackFault.OWNER_MISMATCH


@pytest.mark.parametrize("encrypt", ["", "@@@", "QUJD", "审批", "A" * 5, "QUJD\n"])
def test_what_is_not_ciphertext_is_refused_without_another_exception(encrypt: str) -> None:
    assert fault_of(encrypt) in {CallbackFault.BAD_CIPHERTEXT, CallbackFault.BAD_PADDING}


@UNHURRIED
@given(noise=st.binary(max_size=256))
def test_noise_never_gets_through_and_never_breaks_the_cipher(noise: bytes) -> None:
    with pytest.raises(CallbackCryptoError):
        CallbackCipher(AES_KEY).open(base64.b64encode(noise).decode(), owner_keys=[OWNER])


@UNHURRIED
@given(flipped=st.integers(min_value=0, max_value=2047))
def test_one_flipped_bit_changes_the_signature(flipped: int) -> None:
    sealed = base64.b64decode(CallbackCipher(AES_KEY).seal("x" * 200, owner_key=OWNER))
    touched = bytearray(sealed)
    touched[flipped // 8] ^= 1 << flipped % 8
    before = sign(token="t", timestamp="1", nonce="n", encrypt=base64.b64encode(sealed).decode())
    with pytest.raises(CallbackCryptoError) as caught:
        check_signature(
            token="t",
            timestamp="1",
            nonce="n",
            encrypt=base64.b64encode(bytes(touched)).decode(),
            signature=before,
        )
    assert caught.value.fault is CallbackFault.SIGNATURE_MISMATCH


@pytest.mark.parametrize("signature", ["", "审批", "0" * 40, "ABCDEF" * 7])
def test_odd_signatures_are_a_mismatch_and_no_crash(signature: str) -> None:
    with pytest.raises(CallbackCryptoError):
        check_signature(token="t", timestamp="1", nonce="n", encrypt="e", signature=signature)


@pytest.mark.parametrize("aes_key", ["", "short", AES_KEY + "A", "@" * 43, "审" * 43])
def test_an_aes_key_that_is_none_is_refused_at_once(aes_key: str) -> None:
    with pytest.raises(ValueError, match="aes_key"):
        CallbackCipher(aes_key)
