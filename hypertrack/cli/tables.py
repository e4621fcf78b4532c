"""Records as tables for the terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from hypertrack.records import HeadEvaluation, Interval, ModelSummary, Quality
from hypertrack.text import printable, with_minus

PROSE_CHARS = 24
"""A cell that is longer and has blanks, or lists names, may be broken; anything else may not."""
LEAST_PROSE_CHARS = 12
"""Prose in a narrower column is a ladder of words."""


@dataclass(frozen=True)
class PlainTable:
    """A borderless table: numbers stand right, and neither they nor identifiers are ever broken.

    Where a line is too narrow for that, each row stands as a block of lines of its own.

    Attributes:
        notes: Under each row a remark, dim; none where there are none.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Text]]
    gap: int = 2
    notes: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or its rows one below the other."""
        if self._least_width() > options.max_width:
            yield from self._blocks()
        elif not self.notes:
            yield self._table()
        else:
            yield from self._with_notes(console, options)

    def _table(self) -> Table:
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, self.gap, 0, 0))
        for column, heading in enumerate(self.headings):
            cells = self._cells(column)
            is_number = bool(cells) and all(map(_looks_numeric, cells))
            is_number &= not all(cell.startswith("0x") for cell in cells)
            table.add_column(
                Text(heading),
                justify="right" if is_number else "left",
                overflow="fold",
                no_wrap=not any(map(_is_prose, cells)),
            )
        for row in self.rows:
            table.add_row(*row)
        return table

    def _with_notes(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._table(), options, pad=False)
        for nth, line in enumerate(lines):
            yield Segments(line)
            yield Segment.line()
            if nth and self.notes[nth - 1]:
                yield Padding(Text(self.notes[nth - 1], "dim"), (0, 0, 0, 2))

    def _blocks(self) -> RenderResult:
        for nth, row in enumerate(self.rows):
            if nth:
                yield Text("")
            for heading, cell in zip(self.headings, row, strict=True):
                if cell.plain:
                    yield Text.assemble((f"{heading} " if heading else "", "dim"), cell)
            if self.notes:
                yield Text(self.notes[nth], "dim")

    def _least_width(self) -> int:
        widths = [self._least_width_of(column) for column in range(len(self.headings))]
        return sum(widths) + self.gap * (len(widths) - 1)

    def _least_width_of(self, column: int) -> int:
        cells, heading = self._cells(column), self.headings[column]
        widths = [LEAST_PROSE_CHARS if _is_prose(cell) else len(cell) for cell in cells]
        # Only above prose a heading is broken, too.
        words = heading.split() if any(map(_is_prose, cells)) else [heading]
        return max([*map(len, words), *widths])

    def _cells(self, column: int) -> list[str]:
        return [row[column].plain for row in self.rows]


def plain_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    gap: int = 2,
    notes: Sequence[str] = (),
) -> PlainTable:
    """Return a table whose columns stand ``gap`` apart; what steers a terminal is taken out."""
    safe = [tuple(_text(cell) for cell in row) for row in rows]
    return PlainTable(headings, safe, gap, tuple(map(printable, notes)))


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(cell))


def _is_prose(text: str) -> bool:
    return len(text) > PROSE_CHARS and (" " in text or "," in text)


def evaluation_table(model: ModelSummary) -> PlainTable:
    """Return each head beside what it had to beat, on rows never trained on."""
    headings = ("", "head", "rows", "base", "skill [95 % CI]", "AUC", "IC", "best baseline")
    rows = [_evaluation_row(head) for head in model.heads]
    return plain_table(headings, rows, gap=1)  # fits 80 columns


def predictor_table(head: HeadEvaluation) -> PlainTable:
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
        f"{number:.2f}".replace("0.", ".").replace("-", "−")
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
