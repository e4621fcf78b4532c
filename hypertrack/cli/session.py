"""What every command shares: the common options, the settings in force, and where output goes."""

import functools
import inspect
import logging
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hypertrack.cli.logs import log_to_stderr
from hypertrack.cli.terminal import SafeConsole
from hypertrack.scratch import clear_abandoned
from hypertrack.text import ascii_json, masked_url

if TYPE_CHECKING:  # settings load pydantic, which --help has no need of
    from hypertrack.config import Config, Settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file (TOML); default ./hypertrack.toml.")
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="Dataset: a folder (default ./recorded_data), sqlite:///FILE or postgresql://….",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine output; log lines on stderr.")]
SkillEstimatorOption = Annotated[
    str | None,
    typer.Option(
        "--estimator",
        help="What is expected of an edge: shrinkage, prior, persistence or best; "
        "default skill.estimator.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="Folder of models, profiles, report and dashboard; default here."),
]
EngineOption = Annotated[
    str | None, typer.Option(help="duckdb (default), or Spark: local[*], spark://host:7077.")
]
NoModelOption = Annotated[
    bool, typer.Option("--no-model", help="Rules alone, without the network's scores.")
]
ProfilesOption = Annotated[
    Path | None,
    typer.Option(
        "--profiles", help="Show the profiles in this file, with its scores, without a dataset."
    ),
]


@dataclass(frozen=True)
class Shared:
    """The options accepted before the command and after it."""

    config: ConfigOption = None
    data: DataOption = None
    quiet: QuietOption = False
    verbose: VerboseOption = False
    json: JsonOption = False

    def or_else(self, other: "Shared") -> "Shared":
        """Return these options, each one not given taken from ``other``."""
        return Shared(
            **{f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self)}
        )


class Session:
    """One run of one command."""

    def __init__(self, shared: Shared):
        self.is_quiet = shared.quiet
        self.is_json = shared.json
        self._shared = shared
        self.err = SafeConsole(
            stderr=True, quiet=shared.quiet or shared.json, highlight=False, emoji=False
        )
        """Progress and remarks, for people."""
        self.out = SafeConsole(highlight=False, soft_wrap=False, emoji=False)
        """Results."""
        level = (
            logging.INFO if shared.verbose else logging.ERROR if shared.quiet else logging.WARNING
        )
        self.log_to_stderr = functools.partial(log_to_stderr, level, is_json=shared.json)
        """What another process of this command has to call to log as this one does."""
        self.log_to_stderr()
        clear_abandoned()

    def load(self, flags: Mapping[str, Any] | None = None) -> "Config":
        """Return the settings in force; ``flags`` by dotted key, None where not given."""
        from hypertrack.config import load_config
        from hypertrack.errors import ConfigError

        config = load_config(self._shared.config, {"data": self._shared.data, **(flags or {})})
        if config.settings.out.is_file():
            raise ConfigError(
                f"{config.settings.out} is a file, not a folder: choose another --out"
            )
        return config

    def load_without_data(self, flags: Mapping[str, Any] | None = None) -> "Settings":
        """Return the settings for a command that reads no data: one that is named must be there.

        Raises:
            DatasetError: It is not.
        """
        from hypertrack.pipeline.places import require_data

        settings = self.load(flags).settings
        if self._shared.data is not None:
            require_data(settings)
        return settings

    def command(self, words: str, **options: object) -> str:
        """Return a command that works as it stands, on the data that this one was given.

        Args:
            options: Of this run that the other needs too, by name; None where not given.
        """
        given = {"config": self._shared.config, "data": self._shared.data}
        if given["data"] is not None:
            given["data"] = masked_url(str(given["data"]))
        flags = [
            f" --{name} {shlex.quote(str(value))}"
            for name, value in (given | options).items()
            if value is not None
        ]
        return f"hypertrack {words}{''.join(flags)}"

    def emit(self, value: object) -> None:
        """Write one line of JSON to stdout, in ASCII: the same on every terminal."""
        from hypertrack.records import encode_json

        sys.stdout.write(ascii_json(encode_json(value)) + "\n")
        sys.stdout.flush()

    def say(self, sentence: str, style: str = "") -> None:
        """Print a sentence of a result: a terminal gets it broken between words, a pipe whole."""
        from rich.text import Text

        self.out.print(Text(sentence, style), soft_wrap=not self.out.is_terminal)

    def done(self, value: Mapping[str, Any], text: str) -> None:
        """Say the result of a command: JSON for machines, a line for people."""
        if self.is_json:
            self.emit(value)
        elif not self.is_quiet:
            self.err.print(text, markup=False, soft_wrap=True)


def refuse_both(no_model: bool, profiles: Path | None) -> None:
    """Refuse to leave out scores that a file holds.

    Raises:
        ConfigError: Both were given.
    """
    from hypertrack.errors import ConfigError

    if no_model and profiles is not None:
        raise ConfigError("--profiles shows what its file holds: leave out --no-model")


def command(
    app: typer.Typer, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function whose first parameter is a `Session`, adding the shared options.

    A parameter that is a dataclass stands for the options that are its fields.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        named = list(inspect.signature(function).parameters.values())[1:]
        groups = {p.name: p.annotation for p in named if is_dataclass(p.annotation)}
        spread = ([p] if p.name not in groups else _options(groups[p.name]) for p in named)
        own = list(chain.from_iterable(spread))
        shared = _options(Shared)
        context = inspect.Parameter(
            "context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
        )

        @functools.wraps(function)
        def run(context: typer.Context, **values: Any) -> None:
            given = _taken(Shared, values)
            values |= {name: _taken(group, values) for name, group in groups.items()}
            function(Session(given.or_else(context.find_root().obj)), **values)

        parameters = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (context, *own, *shared)
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(help=_flowing(function), **options)(run)
        return function

    return register


def _flowing(function: Callable[..., None]) -> str:
    """Return a docstring of which the terminal breaks the lines, and not its source.

    Examples keep lines of their own.
    """
    return re.sub(r"(?<=\S)\n(?=\S)(?!Example: )", " ", inspect.getdoc(function) or "")


def _options(group: Any) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as parameters of a command."""
    return list(inspect.signature(group).parameters.values())


def _taken(group: Any, values: dict[str, Any]) -> Any:
    """Return a dataclass of the values of its fields, which are taken out."""
    return group(**{one.name: values.pop(one.name) for one in fields(group)})
