"""Fields of a request to the info endpoint, and what is refused."""

from typing import Any

Json = dict[str, Any]

FAR_FUTURE_MS = 2**53


class UnknownTypeError(Exception):
    """The body is JSON, but no request: answered with 422."""


class UnknownNameError(Exception):
    """A coin, dex or grouping that does not exist: answered with 500 and ``null``."""


def required(request: Json, key: str, of: type) -> Any:
    """Return a field.

    Raises:
        UnknownTypeError: It is missing or of another type.
    """
    value = optional(request, key, of)
    if value is None:
        raise UnknownTypeError
    return value


def optional(request: Json, key: str, of: type) -> Any:
    """Return a field, None where it is missing.

    Raises:
        UnknownTypeError: It is of another type.
    """
    value = request.get(key)
    if value is None or (isinstance(value, of) and not (of is int and isinstance(value, bool))):
        return value
    raise UnknownTypeError
