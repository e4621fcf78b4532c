"""What every record is, and its JSON: the only door to msgspec."""

import json
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

RawJson = msgspec.Raw
"""JSON text that is passed on byte for byte."""

JsonError = msgspec.MsgspecError
"""Raised by `decode_json` for bytes that are not JSON, or not of the type asked for."""


JsonDecoder = msgspec.json.Decoder

Within = msgspec.Meta
"""The bounds of a number or the length of a text, checked while decoding (``Annotated``)."""


class Record(msgspec.Struct, frozen=True):
    """The base of every record: frozen, compared by value; unknown keys are ignored."""


R = TypeVar("R", bound=Record)


def encode_json(value: object) -> bytes:
    """Return compact JSON; records become objects, enums their values, paths their text."""
    try:
        return msgspec.json.encode(value, enc_hook=_path_text)
    except UnicodeEncodeError:  # a path that is not UTF-8 has halves of surrogate pairs in it
        plain = msgspec.to_builtins(value, enc_hook=_path_text)
        return json.dumps(plain, separators=(",", ":")).encode()


def _path_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def decode_json(data: bytes | str, to: type[T] = Any) -> T:  # type: ignore[assignment]
    """Parse JSON into ``to``.

    Raises:
        JsonError: Not JSON, or not of that type.
    """
    return msgspec.json.decode(data, type=to)


def json_decoder(to: type[T]) -> msgspec.json.Decoder[T]:
    """Return a reusable decoder, for hot loops."""
    return msgspec.json.Decoder(to)


def lax_json_decoder(to: type[T]) -> msgspec.json.Decoder[T]:
    """Return a decoder that also reads a number written as text, where a number is wanted."""
    return msgspec.json.Decoder(to, strict=False)


def replace(record: R, **changes: Any) -> R:
    """Return the record with some fields changed."""
    return msgspec.structs.replace(record, **changes)


def as_dict(record: Record) -> dict[str, Any]:
    """Return plain dictionaries, lists and numbers, ready for any JSON writer."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def as_tuple(record: Record) -> tuple[Any, ...]:
    """Return the fields of a record in their order."""
    return msgspec.structs.astuple(record)
