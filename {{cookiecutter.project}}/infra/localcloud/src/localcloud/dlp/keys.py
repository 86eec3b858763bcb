"""The keys of transformations, and what is computed with them."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.api_core.exceptions import InvalidArgument

_KMS_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_LENGTHS = (16, 24, 32)
LENGTHS_OF_HASHES = (32, 64)


class Keys:
    """The keys of one request: transient ones with the same name are the same."""

    def __init__(self) -> None:
        self._transient: dict[str, bytes] = {}

    def read(self, key: Any, lengths: Sequence[int] = _LENGTHS) -> bytes:
        """The bytes of a CryptoKey; one that is wrapped by KMS stands for bytes of its own.

        Args:
            key: the CryptoKey (as protobuf).
            lengths: how many bytes a key may have that is given as it is.

        Raises:
            InvalidArgument: it is malformed.
        """
        match key.WhichOneof("source"):
            case "transient":
                if not key.transient.name:
                    raise InvalidArgument("crypto_key.transient.name is required; give a name.")
                return self._transient.setdefault(key.transient.name, secrets.token_bytes(32))
            case "unwrapped":
                return _checked(key.unwrapped.key, lengths)
            case "kms_wrapped":
                return _stand_in(key.kms_wrapped)
        raise InvalidArgument(
            "A transformation needs a crypto_key: give it transient, unwrapped or kms_wrapped."
        )


def keyed_hash(key: bytes, text: str) -> bytes:
    """HMAC-SHA256, as DLP's hashes are."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def encrypt(key: bytes, text: str, context: str) -> str:
    """A token of a text, always the same with one key and context (AES-SIV)."""
    return base64.b64encode(_siv(key).encrypt(text.encode(), [context.encode()])).decode()


def decrypt(key: bytes, token: str, context: str) -> str:
    """The text of a token.

    Raises:
        InvalidArgument: it is no token of this key and context.
    """
    try:
        data = base64.b64decode(token, validate=True)
        return _siv(key).decrypt(data, [context.encode()]).decode()
    except (ValueError, InvalidTag):
        raise InvalidArgument(
            "A token was not made with this key and context; give those that it was made with."
        ) from None


def _siv(key: bytes) -> AESSIV:
    """AES-SIV takes keys of twice the length of AES."""
    return AESSIV(_derive(key, 2 * len(key), b"AES-SIV"))


def _checked(key: bytes, lengths: Sequence[int]) -> bytes:
    if len(key) not in lengths:
        *others, last = lengths
        allowed = f"{', '.join(map(str, others))} or {last}"
        raise InvalidArgument(f"crypto_key.unwrapped.key has {len(key)} bytes; give it {allowed}.")
    return key


def _stand_in(key: Any) -> bytes:
    if not _KMS_KEY.fullmatch(key.crypto_key_name):
        raise InvalidArgument(
            f"crypto_key_name is {key.crypto_key_name!r}, expected"
            " projects/*/locations/*/keyRings/*/cryptoKeys/*."
        )
    if not key.wrapped_key:
        raise InvalidArgument("crypto_key.kms_wrapped.wrapped_key is required; give the bytes.")
    return _derive(key.wrapped_key, 32, key.crypto_key_name.encode())


def _derive(key: bytes, length: int, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=None, info=purpose).derive(key)
