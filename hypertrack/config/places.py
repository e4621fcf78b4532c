"""Where a dataset is: a folder, or a database named by a URL."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from pydantic import PlainSerializer, PlainValidator

Dialect = Literal["sqlite", "postgresql"]

DIALECTS: dict[str, Dialect] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
DEFAULT_SCHEMA = "hypertrack"
MASK = "***"
SECRET_OPTIONS = frozenset({"password", "sslpassword"})
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, repr=False)
class DatabaseUrl:
    """A database that holds a dataset; as text it shows no password.

    Attributes:
        connection: What the driver connects with; it may hold a password and is never printed.
        shown: The URL with its passwords masked.
        identity: What tells this dataset from others, whoever connects to it.
        schema: PostgreSQL schema of the tables.
        session: Name of the session to read; None for the newest.
    """

    dialect: Dialect
    connection: str
    shown: str
    identity: str
    secrets: tuple[str, ...] = ()
    schema: str = DEFAULT_SCHEMA
    session: str | None = None

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"

    @property
    def slug(self) -> str:
        """Return a name for files about this dataset."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", self.identity).strip("-")[-60:]
        return f"{words}-{hashlib.sha256(self.identity.encode()).hexdigest()[:8]}"

    def with_session(self, name: str) -> str:
        """Return the URL of one of its sessions, to be shown."""
        return f"{self.shown}{'&' if '?' in self.shown else '?'}session={quote(name)}"

    def masked(self, text: str) -> str:
        """Return a driver's words without our passwords."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


def parse_place(value: Any) -> "Path | DatabaseUrl":
    """Return the folder or the database that a setting names.

    Raises:
        ValueError: A URL that cannot be meant; the message holds nothing of it but its scheme.
    """
    if isinstance(value, Path | DatabaseUrl):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("must be a folder, or a URL such as sqlite:///file.db")
    scheme, separator, _ = value.partition("://")
    if not separator:
        return Path(value)
    if scheme not in DIALECTS:
        raise ValueError(
            f"no dataset can be kept in {scheme}://: use a folder, sqlite:///file.db or "
            "postgresql://user@host/database"
        )
    parts = urlsplit(value)
    return _sqlite(parts) if DIALECTS[scheme] == "sqlite" else _postgresql(parts)


def _sqlite(parts: SplitResult) -> DatabaseUrl:
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise ValueError(
            "a SQLite file has three slashes, sqlite:///file.db, or four where its path begins "
            "at the root, sqlite:////data/file.db"
        )
    own, others = _options(parts, {"session"})
    if others:
        raise ValueError(f"unknown option {others[0][0]!r} of a SQLite file: known is session")
    return DatabaseUrl(
        dialect="sqlite",
        connection=path,
        shown=f"sqlite://{parts.path}",
        identity=str(Path(path).resolve()),
        session=own.get("session"),
    )


def _postgresql(parts: SplitResult) -> DatabaseUrl:
    if parts.netloc.count("@") > 1 or "@" in parts.path:
        raise ValueError("a password with @, / or : in it has to be percent-encoded (%40, %2F)")
    own, others = _options(parts, {"session", "schema"})
    schema = own.get("schema", DEFAULT_SCHEMA)
    if not SCHEMA_NAME.fullmatch(schema):
        raise ValueError("a schema is lower-case letters, digits and underscores")
    try:
        port = parts.port or 5432
    except ValueError:
        raise ValueError("the port is no number: postgresql://user@host:5432/database") from None
    user, _, place = parts.netloc.rpartition("@")
    name, has_password, password = user.partition(":")
    masked = f"{name}:{MASK}@" if has_password else f"{name}@" if name else ""
    shown = [(key, MASK if key in SECRET_OPTIONS else text) for key, text in others]
    shown += [("schema", schema)] if "schema" in own else []
    secrets = {password, unquote(password)} | {t for key, t in others if key in SECRET_OPTIONS}
    host = dict(others).get("host", parts.hostname or "localhost")
    return DatabaseUrl(
        dialect="postgresql",
        connection=f"postgresql://{parts.netloc}{parts.path}{_query(others)}",
        shown=f"postgresql://{masked}{place}{parts.path}{_query(shown)}",
        identity=f"{host}:{port}{parts.path or f'/{name}'}/{schema}",
        secrets=tuple(sorted(secrets - {""}, key=len, reverse=True)),
        schema=schema,
        session=own.get("session"),
    )


def _options(parts: SplitResult, known: set[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return our own options, and those that are the driver's."""
    options = parse_qsl(parts.query, keep_blank_values=True)
    own = {key: text for key, text in options if key in known}
    return own, [(key, text) for key, text in options if key not in known]


def _query(options: list[tuple[str, str]]) -> str:
    return f"?{urlencode(options, safe='*/')}" if options else ""


DataPlace = Annotated[
    Path | DatabaseUrl, PlainValidator(parse_place), PlainSerializer(str, return_type=str)
]
"""The type of a setting that names a dataset; written out, it hides passwords."""
