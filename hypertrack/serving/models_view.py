"""How two models do beside each other, as the page shows it."""

from hypertrack.outputs.challenge_words import HEADINGS, head_rows, sentences
from hypertrack.records import DifferencePoint, JsonError, LiveComparison, Record, decode_json


class ModelsView(Record, frozen=True, kw_only=True):
    """What is shown of a challenge."""

    champion: str
    challenger: str
    sentences: tuple[str, ...]
    """The most important first."""
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """A head each, and all of them."""
    margin: float
    """A difference of skill that matters."""
    curve: tuple[DifferencePoint, ...]
    """The overall difference after so many blocks."""


def models_view(text: bytes) -> ModelsView | None:
    """Return what is shown of a comparison as live wrote it; None of anything else."""
    try:
        found = decode_json(text, LiveComparison)
    except (JsonError, UnicodeDecodeError):
        return None
    return ModelsView(
        champion=found.challenge.champion,
        challenger=found.challenge.challenger,
        sentences=sentences(found),
        headings=HEADINGS,
        rows=tuple(head_rows(found)),
        margin=found.challenge.margin,
        curve=found.curve,
    )
