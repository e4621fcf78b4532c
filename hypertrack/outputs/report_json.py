"""The wallet report for programs: one JSON object, after a schema that is published."""

from collections.abc import Iterator
from typing import Any

from hypertrack.config import ReportSettings
from hypertrack.outputs.selection import in_order, select
from hypertrack.records import (
    EVERYBODY,
    Choice,
    ProfileHeader,
    ProfileSet,
    Record,
    WalletProfile,
    as_dict,
    encode_json,
    json_schema,
)

SCHEMA, SCHEMA_VERSION = "hypertrack.report", 1
"""Said in every report. The version rises with what a reader would have to be changed for: a field
that goes or means something else; further fields may come at any time."""


class LeftOut(Record, frozen=True, kw_only=True):
    """Wallets that are not shown."""

    n_wallets: int
    reason: str


class ReportDocument(ProfileHeader, frozen=True, kw_only=True):
    """The report: what profiles rest on, who was left out, and the wallets shown, in order."""

    schema: str
    schema_version: int
    left_out: tuple[LeftOut, ...]
    not_seen: tuple[str, ...]
    """Wallets of the watchlist without a profile."""
    profiles: tuple[WalletProfile, ...]


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report, as it is published."""
    return json_schema(ReportDocument, title=f"{SCHEMA}, version {SCHEMA_VERSION}")


def render_json(
    profiles: ProfileSet, settings: ReportSettings, choice: Choice = EVERYBODY
) -> Iterator[str]:
    """Yield the object in parts, a wallet each: see `ReportDocument`."""
    selection = select(profiles, settings, choice=choice)
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **as_dict(profiles.header)}
    head["left_out"] = [LeftOut(n_wallets=n, reason=why) for n, why in selection.left_out]
    head["not_seen"] = selection.not_seen
    yield encode_json(head).decode().removesuffix("}") + ',"profiles":['
    for number, profile in enumerate(in_order(profiles, selection.rows)):
        yield ("," if number else "") + encode_json(profile).decode()
    yield "]}\n"
