"""The commented settings file, written from the settings themselves."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from hypertrack.config.delivery import SinkSettings
from hypertrack.config.live import AlertSettings, WatchlistSettings
from hypertrack.config.section import Section
from hypertrack.config.sections import Settings

HEADER = """\
# hypertrack.toml: every setting with its default. Keep what you change, drop the rest.
# A flag beats the environment (HYPERTRACK_RECORD__COINS=BTC), which beats .env, which beats
# this file. Secrets belong into .env.
"""

LINE_WIDTH = 98

TABLES: dict[str, type[Section]] = {
    "watchlists": WatchlistSettings,
    "alerts": AlertSettings,
    "sinks": SinkSettings,
}
"""What may stand several times."""


def example_toml() -> str:
    """Return every setting with its default, unit and reason, as a TOML file."""
    lines = [HEADER, *_lines(Settings())]
    for name in Settings.model_fields:
        section = getattr(Settings(), name)
        if isinstance(section, Section):
            lines += ["", f"[{name}]", *_comment(type(section).__doc__ or ""), *_lines(section)]
    for name, table in TABLES.items():
        lines += ["", *_comment(table.__doc__ or ""), f"# [[{name}]]", *_table_lines(table)]
    return "\n".join(lines) + "\n"


def _table_lines(table: type[Section]) -> Iterator[str]:
    """Yield the keys of a table that may stand several times or not at all: all commented out."""
    for name, field in table.model_fields.items():
        yield from _comment(field.description or "")
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield f"# {name} =" if default is None else f"# {name} = {_toml(default)}"


def _lines(section: Section) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section) or name in TABLES or name == "secrets":
            continue
        yield from _comment(field.description or "")
        yield f"# {name} =" if value is None else f"{name} = {_toml(value)}"


def _comment(text: str) -> list[str]:
    plain = " ".join(text.replace("``", "`").split())
    return textwrap.wrap(plain, LINE_WIDTH, initial_indent="# ", subsequent_indent="# ")


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
