"""The registry as a Markdown table, for the README."""

from hypertrack.features.registry import FEATURES


def render_markdown() -> str:
    """Return a row per feature: its name, unit and definition."""
    rows = [f"| `{each.name}` | {each.unit} | {_cell(each.doc)} |" for each in FEATURES]
    return "\n".join(["| feature | unit | definition |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
