"""Records as tables for the terminal."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from hypertrack.records import HeadEvaluation, Interval, ModelSummary, Quality
from hypertrack.text import printable, with_minus


def plain_table(
    headings: Sequence[str], rows: Iterable[Sequence[str | Text]], *, gap: int = 2
) -> Table:
    """Return a borderless table, columns ``gap`` apart; numbers stand right, addresses whole."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    rows = list(rows)
    for i, heading in enumerate(headings):
        is_number = bool(rows) and all(_looks_numeric(str(row[i])) for row in rows)
        is_address = bool(rows) and all(str(row[i]).startswith("0x") for row in rows)
        table.add_column(
            heading,
            justify="right" if is_number and not is_address else "left",
            overflow="fold",
            no_wrap=is_address,
        )
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    return table


def evaluation_table(model: ModelSummary) -> Table:
    """Return each head beside what it had to beat, on rows never trained on."""
    headings = ("", "head", "rows", "base", "skill [95 % CI]", "AUC", "IC", "best baseline")
    rows = [_evaluation_row(head) for head in model.heads]
    return plain_table(headings, rows, gap=1)  # fits 80 columns


def predictor_table(head: HeadEvaluation) -> Table:
    """Return who answers for a head, and everybody else on the same rows; each with intervals."""
    headings = ("", "skill [95 % CI]", "AUC", "IC", "ECE")
    rows = [_predictor_row(f"{head.estimator} *", head)]
    rows += [_predictor_row(name, baseline) for name, baseline in head.baselines.items()]
    return plain_table(headings, rows, gap=1)


def _predictor_row(name: str, quality: Quality) -> tuple[str, ...]:
    measured = (quality.skill, quality.auc, quality.rank_ic, quality.calibration_error)
    return (name, *map(_short_interval, measured))


def _short_interval(measured: Interval | None) -> str:
    """Return ``.71 [.66, .75]``, so that four of them fit into 80 columns."""
    if measured is None:
        return "–"
    value, low, high = (
        f"{number:.2f}".replace("0.", ".")
        for number in (measured.value, measured.low, measured.high)
    )
    return f"{value} [{low}, {high}]"


def _evaluation_row(head: HeadEvaluation) -> tuple[str | Text, ...]:
    baseline = head.best_baseline
    return (
        Text("✓", "green") if head.has_earned_weight else Text("✗", "yellow"),
        head.head.removesuffix("_score"),
        f"{head.n_test:,}",
        number(head.base_rate, 2),
        interval(head.skill),
        number(_value(head.auc), 2),
        number(_value(head.rank_ic), 2),
        "–" if baseline is None else with_minus(f"{baseline[0]} {baseline[1]:+.3f}"),
    )


def _value(measured: Interval | None) -> float | None:
    return None if measured is None else measured.value


def number(value: float | None, digits: int = 3) -> str:
    """Return the number, or a dash for one that is not defined."""
    return "–" if value is None else with_minus(f"{value:.{digits}f}")


def interval(skill: Interval | None) -> str:
    """Return ``value [low, high]``."""
    if skill is None:
        return "–"
    return with_minus(f"{skill.value:+.3f} [{skill.low:+.2f}, {skill.high:+.2f}]")


def _looks_numeric(text: str) -> bool:
    return text in {"–", ""} or text.lstrip("+−-$").replace(",", "").rstrip("%s ")[:1].isdigit()
