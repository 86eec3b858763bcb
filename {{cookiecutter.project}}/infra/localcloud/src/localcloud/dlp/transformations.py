"""Primitive transformations: what becomes of one value."""

import base64
import math
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import CharsToIgnore, TimePartConfig, Value

from localcloud.dlp.dates import date_of, move, part_of
from localcloud.dlp.keys import LENGTHS_OF_HASHES, Keys, decrypt, encrypt, keyed_hash
from localcloud.dlp.values import number_of, text_of, text_value
from localcloud.rpc import raw

Row: TypeAlias = Mapping[str, Any]  # the Values of a table's row by column; empty for a text
# what becomes of a Value that holds something
Transformation: TypeAlias = Callable[[Any, Row], Any]

_MOST_DAYS = 365_250  # that a date is moved by
_COMMON = {
    CharsToIgnore.CommonCharsToIgnore.NUMERIC: str.isdigit,
    CharsToIgnore.CommonCharsToIgnore.ALPHA_UPPER_CASE: str.isupper,
    CharsToIgnore.CommonCharsToIgnore.ALPHA_LOWER_CASE: str.islower,
    CharsToIgnore.CommonCharsToIgnore.PUNCTUATION: lambda c: not c.isalnum() and not c.isspace(),
    CharsToIgnore.CommonCharsToIgnore.WHITESPACE: str.isspace,
}


def transformation(config: Any, keys: Keys, info_type: str = "") -> Transformation:
    """What a PrimitiveTransformation does.

    Args:
        config: the PrimitiveTransformation (as protobuf).
        keys: those of the request.
        info_type: of what is transformed, if it was found by one.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it is of a kind that is not served.
    """
    match config.WhichOneof("transformation"):
        case "replace_config":
            new = config.replace_config.new_value
            return lambda _value, _row: new
        case "redact_config":
            return lambda _value, _row: text_value("")
        case "replace_with_info_type_config":
            return lambda _value, _row: text_value(f"[{info_type}]")
        case "replace_dictionary_config":
            words = list(config.replace_dictionary_config.word_list.words)
            if not words:
                raise InvalidArgument("replace_dictionary_config has no words; give some.")
            return lambda _value, _row: text_value(secrets.choice(words))
        case "character_mask_config":
            return _masking(config.character_mask_config)
        case "fixed_size_bucketing_config":
            return _fixed_buckets(config.fixed_size_bucketing_config)
        case "bucketing_config":
            return _buckets(config.bucketing_config)
        case "time_part_config":
            part = TimePartConfig.TimePart(config.time_part_config.part_to_extract)
            return lambda value, _row: part_of(value, part)
        case "date_shift_config":
            return _shifting(config.date_shift_config, keys)
        case "crypto_hash_config":
            return _hashing(config.crypto_hash_config, keys)
        case "crypto_deterministic_config":
            return _tokens(config.crypto_deterministic_config, keys)
        case None:
            raise InvalidArgument("A primitive_transformation is empty; choose one.")
        case kind:
            raise MethodNotImplemented(
                f"localcloud does not serve {kind}; use crypto_deterministic_config or another."
            )


def reversal(config: Any, keys: Keys) -> Transformation:
    """What takes a PrimitiveTransformation back.

    Raises:
        InvalidArgument: it cannot be taken back, or is malformed.
    """
    kind = config.WhichOneof("transformation")
    if kind != "crypto_deterministic_config":
        raise InvalidArgument(
            f"{kind or 'An empty transformation'} cannot be taken back here; only"
            " crypto_deterministic_config can."
        )
    tokens = config.crypto_deterministic_config
    key = keys.read(tokens.crypto_key)

    def reverse(value: Any, row: Row) -> Any:
        _, _, token = _text(value).rpartition(":")
        return text_value(decrypt(key, token, _context(tokens.context, row)))

    return reverse


def _masking(config: Any) -> Transformation:
    ignored = set("".join(each.characters_to_skip for each in config.characters_to_ignore))
    common = [each.common_characters_to_ignore for each in config.characters_to_ignore]
    kinds = [_COMMON[each] for each in common if each]
    if len(config.masking_character) > 1:
        raise InvalidArgument("masking_character has several characters; give it one.")

    def mask(value: Any, _row: Row) -> Any:
        text = _text(value)
        character = config.masking_character or ("*" if _is_text(value) else "0")
        places = [
            place
            for place, each in enumerate(text)
            if each not in ignored and not any(holds(each) for holds in kinds)
        ]
        if config.reverse_order:
            places.reverse()
        count = config.number_to_mask or len(places)
        masked = set(places[:count])  # of a negative one, all but so many at the end
        return text_value(
            "".join(character if place in masked else each for place, each in enumerate(text))
        )

    return mask


def _fixed_buckets(config: Any) -> Transformation:
    low, high = _decimal(config.lower_bound), _decimal(config.upper_bound)
    size = _decimal(raw(Value(float_value=config.bucket_size)))
    if low is None or high is None or not size or size < 0 or low >= high:
        raise InvalidArgument(
            "fixed_size_bucketing_config needs a lower_bound below the upper_bound, and a"
            " bucket_size above 0."
        )
    last = low + (math.ceil((high - low) / size) - 1) * size

    def bucket(value: Any, _row: Row) -> Any:
        number = _number(value)
        if number < low:
            return text_value(f"-{_plain(low)}")
        if number > high:
            return text_value(f"{_plain(high)}+")
        start = min(low + (number - low) // size * size, last)
        return text_value(f"{_plain(start)}-{_plain(min(start + size, high))}")

    return bucket


def _buckets(config: Any) -> Transformation:
    buckets = [(_bound(each.min_), _bound(each.max_), each) for each in config.buckets]

    def bucket(value: Any, _row: Row) -> Any:
        number = _number(value)
        for low, high, each in buckets:
            if (low is None or number >= low) and (high is None or number < high):
                if each.replacement_value.WhichOneof("type"):
                    return each.replacement_value
                return text_value(f"{text_of(each.min_) or ''}-{text_of(each.max_) or ''}")
        return value

    return bucket


def _bound(value: Any) -> Decimal | None:
    bound = _decimal(value)
    if bound is None and value.WhichOneof("type"):
        raise MethodNotImplemented("localcloud's bucketing_config is of numbers; give such bounds.")
    return bound


def _shifting(config: Any, keys: Keys) -> Transformation:
    low, high = config.lower_bound_days, config.upper_bound_days
    if not -_MOST_DAYS <= low <= high <= _MOST_DAYS:
        raise InvalidArgument(
            f"date_shift_config moves by {low} to {high} days; give bounds in order, of at most"
            f" {_MOST_DAYS} days each."
        )
    named = bool(config.context.name)
    if named != (config.WhichOneof("method") == "crypto_key"):
        raise InvalidArgument("date_shift_config needs both context and crypto_key, or neither.")
    key = keys.read(config.crypto_key) if named else b""

    def shift(value: Any, row: Row) -> Any:
        date_of(value)  # refuses what is no date
        if named:
            digest = keyed_hash(key, _context(config.context, row))
            days = low + int.from_bytes(digest[:8], "big") % (high - low + 1)
        else:
            days = low + secrets.randbelow(high - low + 1)
        return move(value, days)

    return shift


def _hashing(config: Any, keys: Keys) -> Transformation:
    key = keys.read(config.crypto_key, LENGTHS_OF_HASHES)
    return lambda value, _row: text_value(base64.b64encode(keyed_hash(key, _text(value))).decode())


def _tokens(config: Any, keys: Keys) -> Transformation:
    key, name = keys.read(config.crypto_key), config.surrogate_info_type.name

    def tokenise(value: Any, row: Row) -> Any:
        token = encrypt(key, _text(value), _context(config.context, row))
        return text_value(f"{name}({len(token)}):{token}" if name else token)

    return tokenise


def _context(field: Any, row: Row) -> str:
    """The text of the column that a transformation depends on; nothing where there is none."""
    value = row.get(field.name)
    return (text_of(value) or "") if value is not None else ""


def _text(value: Any) -> str:
    return text_of(value) or ""


def _is_text(value: Any) -> bool:
    return bool(value.WhichOneof("type") == "string_value")


def _decimal(value: Any) -> Decimal | None:
    number = number_of(value)
    return None if number is None else Decimal(str(number))


def _plain(number: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    return f"{number.normalize():f}"


def _number(value: Any) -> Decimal:
    number = _decimal(value)
    if number is None:
        raise InvalidArgument("A bucketing transformation is of numbers; choose another field.")
    return number
