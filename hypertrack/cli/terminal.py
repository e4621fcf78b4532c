"""The door to the terminal: what passes cannot steer it, and can be shown by it.

Data come from strangers: a coin, a file or a venue's message may hold the escape sequence that
clears the screen. And not every terminal shows what we draw with.
"""

import codecs
import io
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from hypertrack.text import printable

ASCII = {
    **dict.fromkeys("–—−‑", "-"),
    **{"─": "-", "━": "=", "═": "="},
    **dict.fromkeys("│┃├└┌┐┘┤┬┴┼", "|"),
    **dict.fromkeys("█▉▊▋▌▍▎▏", "#"),
    **dict(zip("▁▂▃▄▅▆▇", ".,:;=+*", strict=True)),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **dict.fromkeys("\u00a0\u2009\u202f", " "),
    **{"×": "x", "±": "+-", "…": "...", "·": "|", "•": "*", "→": "->", "←": "<-"},
    **{"≥": ">=", "≤": "<=", "≈": "~", "✓": "+", "✗": "x", "°": "deg", "µ": "u"},
}
"""What stands for a character where it cannot be shown; any other is a question mark."""

BRAILLE = range(0x2800, 0x2900)
"""The frames of a spinner."""


class SafeConsole(Console):
    """A console whose text holds no control characters but the ends of lines.

    Rich's own ones, colors and cursor, are told apart from text and pass.
    """

    def on_broken_pipe(self) -> None:
        """Leave it to the command line, which ends well: whoever read this has seen enough."""
        raise BrokenPipeError

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the pieces of what is shown, made safe."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else safe_lines(text), style, control)


def safe_lines(text: str) -> str:
    """Return text of several lines without any other control character."""
    return "\n".join(map(printable, text.split("\n")))


def show_what_can_be_shown() -> None:
    """Write ASCII forms of characters that the terminal's encoding lacks, instead of failing."""
    codecs.register_error("ascii_forms", _ascii_forms)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ascii_forms")


def _ascii_forms(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_ascii_form, lacking)), error.end


def _ascii_form(character: str) -> str:
    return "*" if ord(character) in BRAILLE else ASCII.get(character, "?")
