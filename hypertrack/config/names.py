"""Names by which tables of the settings know each other."""

import difflib
from collections.abc import Sequence
from typing import Any


def require_one_of_each(tables: Sequence[Any]) -> None:
    """Raise where two tables have the same name.

    Raises:
        ValueError: Says which.
    """
    names = [table.name for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two tables are called {name}: each needs a name of its own")


def require_known(whose: str, wanted: tuple[str, ...], known: list[str]) -> None:
    """Raise where a name is not among those that are known.

    Args:
        whose: Begins the sentence.

    Raises:
        ValueError: Says which, and the nearest one.
    """
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
            raise ValueError(f"{whose} {name}, which is not there: {hint}")


def with_secrets(sink: Any, secrets: dict[str, Any]) -> Any:
    """Return a sink with what ``secrets`` holds for it, which is taken out there."""
    if not isinstance(sink, dict):
        return sink
    name = str(sink.get("name", "")).replace("-", "_")
    found = {part: secrets.pop(f"{name}_{part}", None) for part in ("url", "key")}
    return sink | {part: text for part, text in found.items() if text is not None}
