"""Walk-forward cuts: until when features are measured, and where their outcome is."""

from dataclasses import dataclass

from hypertrack.config import TrainSettings
from hypertrack.market.window import Window

__all__ = ["Cut", "Window", "fitting_embargo_ms", "walk_forward"]


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
