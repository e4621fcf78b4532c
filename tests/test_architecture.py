"""The room table: what each room may import, and which third party lives only where."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "hypertrack"

FOUNDATION = {
    "records",
    "errors",
    "config",
    "clock",
    "files",
    "journal",
    "line_tail",
    "processes",
    "scratch",
    "text",
    "wallet_lists",
}

MAY_IMPORT = {
    **dict.fromkeys(FOUNDATION, FOUNDATION),
    "feeds": FOUNDATION,
    "recording": FOUNDATION | {"feeds", "store", "importing"},
    "importing": FOUNDATION | {"feeds", "store"},
    "store": FOUNDATION,
    "market": FOUNDATION | {"store"},
    "features": FOUNDATION | {"store", "market"},
    "labels": FOUNDATION | {"store", "market"},
    "skill": FOUNDATION | {"store", "market", "features"},
    "model": FOUNDATION | {"features", "labels", "skill"},
    "categories": FOUNDATION,
    "outputs": FOUNDATION | {"categories"},
    "delivery": FOUNDATION,
    "live": FOUNDATION
    | {"store", "market", "features", "skill", "model", "categories", "delivery"},
    "serving": FOUNDATION | {"outputs", "live"},
    "simulate": FOUNDATION,
    "pipeline": None,
    "cli": FOUNDATION | {"pipeline"},
}
"""None: every room."""

HOME_OF_LIBRARY = {
    "msgspec": FOUNDATION,
    "pydantic": FOUNDATION,
    "pydantic_settings": FOUNDATION,
    "websocket": {"feeds"},
    "httpx": {"feeds", "delivery"},
    "duckdb": {"store"},
    "pyarrow": {"store", "importing", "simulate"},
    "adbc_driver_manager": {"store"},
    "adbc_driver_sqlite": {"store"},
    "adbc_driver_postgresql": {"store"},
    "ibis": {"market", "features", "labels", "skill"},
    "pyspark": {"market"},
    "sqlglot": {"market"},
    "torch": {"model"},
    "sklearn": {"model"},
    "scipy": {"skill", "model"},
    "jinja2": {"outputs"},
    "markdown_it": {"outputs"},
    "aiohttp": {"serving", "simulate"},
    "apprise": {"delivery"},
    "redis": {"delivery"},
    "nats": {"delivery"},
    "mcp": {"pipeline"},
    "mlflow": {"model"},
    "safetensors": {"model"},
    "mcp_types": {"pipeline"},
    "prometheus_client": {"recording"},
    "typer": {"cli"},
    "rich": {"cli"},
    "click": set(),
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(room: str, target: str) -> bool:
    allowed = MAY_IMPORT[room]
    inside = target.removeprefix("hypertrack.")
    if allowed is None or inside.split(".")[0] in {room, "__version__"}:
        return True
    return any(inside == name or inside.startswith(f"{name}.") for name in allowed)


SOURCES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in FOUNDATION
)


def test_room_imports_only_what_the_table_allows() -> None:
    broken = {
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path in SOURCES
        for target in imports(path)
        if target.startswith("hypertrack.") and not is_allowed(room_of(path), target)
    }

    assert not broken, sorted(broken)


def test_third_party_stays_in_its_room() -> None:
    strays = {
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path in SOURCES
        for target in imports(path)
        if room_of(path) not in HOME_OF_LIBRARY.get(target.split(".")[0], {room_of(path)})
    }

    assert len(SOURCES) > 500
    assert not strays, sorted(strays)


def test_table_catches_a_broken_import() -> None:
    assert not is_allowed("features", "hypertrack.outputs.report")
    assert not is_allowed("labels", "hypertrack.features.registry")
    assert is_allowed("labels", "hypertrack.market.executions.executions")


def test_no_module_imports_itself_by_way_of_others() -> None:
    modules = {_module(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: _imported(path, modules) - {name} for name, path in modules.items()}

    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules of the package that a file imports, lazily or only for its types too."""
    found = {target if target in modules else target.rpartition(".")[0] for target in imports(path)}
    return found & set(modules)
