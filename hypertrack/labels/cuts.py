"""Walk-forward cuts: until when features are measured, and where their outcome is."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypertrack.config import TrainSettings
from hypertrack.market.window import Window

__all__ = ["Cut", "Window", "earlier_windows", "fitting_embargo_ms", "walk_forward"]

ROUNDING_MS = 10
"""Cuts are whole milliseconds: windows that end so close together are the same."""


@dataclass(frozen=True)
class Cut:
    """Features look at ``past``, targets at ``outcome``; the embargo lies between."""

    past: Window
    outcome: Window
    is_test: bool

    @property
    def at_ms(self) -> int:
        """Return the time at which features end."""
        return self.past.end_ms


def walk_forward(
    span: Window, settings: TrainSettings, *, embargo_ms: int | None = None
) -> tuple[Cut, ...]:
    """Return the training cuts in order, then the test cut.

    Args:
        span: The recording.
        settings: Where the cuts are, how long outcomes are.
        embargo_ms: Another embargo than that of the settings.
    """
    if embargo_ms is None:
        embargo_ms = round(settings.embargo_s * 1_000)
    step_ms = int(settings.outcome_frac * span.length_ms)

    def cut(frac: float, is_test: bool) -> Cut:
        at_ms = span.start_ms + int(frac * span.length_ms)
        end_ms = min(at_ms + step_ms, span.end_ms)
        return Cut(
            past=Window(span.start_ms, at_ms),
            outcome=Window(at_ms + embargo_ms, max(end_ms, at_ms + embargo_ms)),
            is_test=is_test,
        )

    return (
        *(cut(frac, is_test=False) for frac in settings.train_cuts_frac),
        cut(settings.test_cut_frac, is_test=True),
    )


def fitting_embargo_ms(span: Window, settings: TrainSettings) -> int:
    """Return the embargo, or half an outcome window where the embargo would leave nothing of it.

    For training by force on a recording too short for the embargo asked for.
    """
    embargo_ms = round(settings.embargo_s * 1_000)
    step_ms = int(settings.outcome_frac * span.length_ms)
    return embargo_ms if embargo_ms < step_ms else step_ms // 2


def earlier_windows(cuts: Sequence[Cut]) -> list[tuple[Window, ...]]:
    """Return windows like its outcome before each cut: one after another, the last ends with it.

    Those that are outcomes of earlier cuts, or stand before several cuts, are the same to the
    millisecond, so that they need be measured but once. The whole past where it is too short.
    """
    known = [cut.outcome for cut in cuts]
    found = []
    for cut in cuts:
        length_ms, embargo_ms = cut.outcome.end_ms - cut.at_ms, cut.outcome.start_ms - cut.at_ms
        n_windows = cut.past.length_ms // length_ms if cut.outcome.length_ms else 0
        ends_ms = [cut.at_ms - nth * length_ms for nth in range(n_windows)]
        own = [
            _same_or(Window(end_ms - length_ms + embargo_ms, end_ms), known) for end_ms in ends_ms
        ]
        known += own
        found.append(tuple(own) or (cut.past,))
    return found


def _same_or(window: Window, known: Sequence[Window]) -> Window:
    """Return a known window that is the same but for rounding, and ends no later, or the window."""
    return next(
        (
            each
            for each in known
            if 0 <= window.end_ms - each.end_ms <= ROUNDING_MS
            and abs(window.start_ms - each.start_ms) <= ROUNDING_MS
        ),
        window,
    )
