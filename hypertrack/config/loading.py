"""Where settings come from: flags, environment, ``.env``, a TOML file, defaults, in that order."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource

from hypertrack.config.section import Section
from hypertrack.config.sections import Settings
from hypertrack.errors import ConfigError
from hypertrack.text import masked_url, read_text

CONFIG_NAME = "hypertrack.toml"
ENV_PREFIX = "HYPERTRACK_"
ENV_DELIMITER = "__"

SECRETS = "secrets."
"""Begins the keys whose names are the user's own."""

Tree = dict[str, Any]


class Origin(StrEnum):
    """Where the value of a setting came from."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    DOTENV = ".env"
    FILE = "file"
    DEFAULT = "default"


class Config:
    """Settings in force, each with its origin."""

    def __init__(self, settings: Settings, origin_by_key: Mapping[str, Origin], file: Path | None):
        self.settings = settings
        self.file = file
        self._origin_by_key = origin_by_key

    def origin(self, key: str) -> Origin:
        """Return where the value of a dotted key came from."""
        return self._origin_by_key.get(key, Origin.DEFAULT)

    def items(self) -> Iterator[tuple[str, object, Origin]]:
        """Yield every dotted key with its value (secrets masked) and origin."""
        for setting, found in _flatten(_values(self.settings)):
            for key, value in _each_table(setting, found):
                shown = masked_url(value) if isinstance(value, str) and "://" in value else value
                yield key, shown, self.origin(setting)


def load_config(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path = Path(),
) -> Config:
    """Return the settings in force.

    Args:
        file: TOML file that must exist; None takes ``hypertrack.toml`` in ``folder`` if there.
        flags: Values by dotted key (``record.coins``); None values are flags not given.
        environment: Instead of the process's own.
        folder: Where ``hypertrack.toml`` and ``.env`` are looked for.

    Raises:
        ConfigError: Unknown key (names the nearest known one), wrong value, unreadable file.
    """
    file = _find_file(file, folder)
    layers: list[tuple[Origin, Tree]] = [
        (Origin.FILE, {} if file is None else _read_toml(file)),
        *_read_environment(os.environ if environment is None else environment, folder),
        (Origin.FLAG, _nest(flags or {})),
    ]
    merged: Tree = {}
    origin_by_key: dict[str, Origin] = {}
    for origin, tree in layers:
        _check_keys(tree, origin)
        _merge(merged, tree)
        origin_by_key |= {key: origin for key, _ in _flatten(tree)}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, origin_by_key)) from None
    return Config(settings, origin_by_key, file)


def known_keys() -> list[str]:
    """Return every dotted key that can be set."""
    return [key for key, _ in _flatten(_values(Settings()))]


def _find_file(file: Path | None, folder: Path) -> Path | None:
    if file is not None:
        if not file.is_file():
            raise ConfigError(f"settings file {file} not found: check --config")
        return file
    default = folder / CONFIG_NAME
    return default if default.is_file() else None


def _read_toml(file: Path) -> Tree:
    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"settings file {file} is not TOML: {error}") from None


def _read_environment(
    environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[Origin, Tree]]:
    file = folder / ".env"
    if file.is_file():
        read_text(file)  # refused with its line, where the reader below has a traceback
    dotenv = DotEnvSettingsSource(
        BaseSettings, env_file=file, env_file_encoding="utf-8-sig"
    ).env_vars
    yield Origin.DOTENV, _read_variables({name.upper(): text for name, text in dotenv.items()})
    yield Origin.ENVIRONMENT, _read_variables(environment)


def _read_variables(variables: Mapping[str, str | None]) -> Tree:
    return _nest(
        {
            name.removeprefix(ENV_PREFIX).lower().replace(ENV_DELIMITER, "."): text
            for name, text in variables.items()
            if name.startswith(ENV_PREFIX)
        }
    )


def _nest(by_dotted_key: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    for key, value in by_dotted_key.items():
        if value is None:
            continue
        *parents, leaf = key.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _each_table(key: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield what a setting holds; of tables that stand several times each value by name."""
    if not isinstance(value, tuple) or not value or not isinstance(value[0], Section):
        yield key, value
        return
    for table in value:
        for name, held in _flatten(_values(table)):
            if name != "name":  # it stands in the key
                yield f"{key}.{table.name}.{name}", held


def _merge(into: Tree, tree: Mapping[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value


def _values(section: Section) -> Tree:
    tree: Tree = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        tree[name] = _values(value) if isinstance(value, Section) else value
    return tree


def _check_keys(tree: Tree, origin: Origin) -> None:
    known = known_keys()
    for key, _ in _flatten(tree):
        if key in known or key.startswith(SECRETS):
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else "`hypertrack config` lists the known ones"
        raise ConfigError(f"unknown setting {key} (from {origin}): {hint}")


def _explain(error: ValidationError, origin_by_key: Mapping[str, Origin]) -> str:
    first = error.errors()[0]
    said = first["msg"].removeprefix("Value error, ")
    key = ".".join(str(part) for part in first["loc"] if not isinstance(part, int))
    if not key:  # several settings do not go together
        return f"settings: {said}"
    origin = origin_by_key.get(key, Origin.DEFAULT)
    found = first.get("input")
    is_secret = (
        isinstance(found, Mapping | SecretStr)
        or key.endswith(("url", ".key", ".token"))
        or "://" in str(found)
    )
    found = str(found) if isinstance(found, Path) else found
    shown = "" if is_secret else f", found {found!r}"
    return f"setting {key} (from {origin}): {said}{shown}"
