"""Names of all features, read from the definitions' text: to load these takes a second."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypertrack.errors import ConfigError

ALIASES = {"address_diversity": "unique_addresses"}
"""The original lists this name too, with the same definition."""

MARK = "feature"
"""The decorator of a definition."""


def require_known(names: Sequence[str]) -> None:
    """Do nothing where all of these are features.

    Raises:
        ConfigError: One is none.
    """
    known = [name for file in sorted(Path(__file__).parent.glob("*.py")) for name in _defined(file)]
    unknown = [name for name in names if ALIASES.get(name, name) not in known]
    if unknown:
        raise ConfigError(f"unknown feature {unknown[0]}: known are {', '.join(known)}")


def _defined(file: Path) -> Iterator[str]:
    """Yield the names of the functions of a file that are features."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(map(_is_mark, node.decorator_list)):
            yield node.name


def _is_mark(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id == MARK
