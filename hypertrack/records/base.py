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


def encode_binary(value: object) -> bytes:
    """Return MessagePack, which has keys of several parts and is smaller than JSON."""
    return msgspec.msgpack.encode(value)


def decode_binary(data: bytes, to: type[T]) -> T:
    """Parse MessagePack into ``to``.

    Raises:
        JsonError: Not of that type.
    """
    return msgspec.msgpack.decode(data, type=to)


def _path_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def json_schema(to: type[Record], *, title: str) -> dict[str, Any]:
    """Return the JSON Schema of what `encode_json` makes of a record: NaN becomes null there."""
    schema: dict[str, Any] = msgspec.json.schema(to)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_with_unknown(schema),
    }


def _with_unknown(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_unknown(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _with_unknown(value) for key, value in schema.items() if key != "default"}
    return {**told, "type": ["number", "null"]} if schema.get("type") == "number" else told


def decode_json(data: bytes | str, to: type[T] = Any) -> T:  # type: ignore[assignment]
    """Parse JSON into ``to``.

    Raises:
        JsonError: Not JSON, or not of that type.
    """
    try:
        return msgspec.json.decode(data, type=to)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
    except RecursionError:  # a hundred thousand brackets are no reason to end
        raise msgspec.DecodeError("JSON is nested too deep") from None


def json_decoder(to: type[T]) -> msgspec.json.Decoder[T]:
    """Return a reusable decoder, for hot loops."""
    return msgspec.json.Decoder(to)


def require_names_once(data: bytes | RawJson, inside: bytes | RawJson = b"") -> None:
    """Refuse JSON in which an object names something twice: each reader takes another of the two.

    Args:
        inside: A part of it that is looked at apart, empty for none.

    Raises:
        JsonError: Some object does, however deep.
    """
    text, part = bytes(data), bytes(inside)
    text = text.replace(part, b"0") if part else text
    if _has_a_name_each_colon(text):
        return
    try:
        _names_decoder.decode(text.decode())
    except json.JSONDecodeError as error:
        raise JsonError(str(error)) from None


def _has_a_name_each_colon(text: bytes) -> bool:
    """Return whether an object has as many names as there are colons: the quick way to be sure."""
    try:
        return len(_object_decoder.decode(text)) == text.count(b":")
    except JsonError:
        return False


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise JsonError(f"{name[:40]!r} stands twice in one object")
        seen.add(name)


_object_decoder = msgspec.json.Decoder(dict[str, RawJson])

# Numbers stay text: Python makes no whole number of more than 4,300 digits.
_names_decoder = json.JSONDecoder(
    object_pairs_hook=_refuse_twice, parse_int=str, parse_float=str, parse_constant=str
)


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
