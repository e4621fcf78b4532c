"""What differs between two sets of profiles, for programs: after a schema that is published."""

from collections.abc import Iterable, Iterator
from typing import Any

from hypertrack.records import ProfileDiff, WalletDiff, as_dict, encode_json, json_schema

SCHEMA, SCHEMA_VERSION = "hypertrack.diff", 1
"""As of the report: a further version is for what a reader would have to be changed for."""


class DiffDocument(ProfileDiff, frozen=True, kw_only=True):
    """What differs: counted, then every wallet that entered, left or changed."""

    schema: str
    schema_version: int
    wallets: tuple[WalletDiff, ...]
    """What matters most first: COPY, other verdicts, estimates, categories, entered, left."""


def diff_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document, as it is published."""
    return json_schema(DiffDocument, title=f"{SCHEMA}, version {SCHEMA_VERSION}")


def render_json(diff: ProfileDiff, wallets: Iterable[WalletDiff]) -> Iterator[str]:
    """Yield the object in parts, a wallet each: see `DiffDocument`."""
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **as_dict(diff)}
    yield encode_json(head).decode().removesuffix("}") + ',"wallets":['
    for number, wallet in enumerate(wallets):
        yield ("," if number else "") + encode_json(wallet).decode()
    yield "]}\n"
