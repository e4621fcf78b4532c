"""The features command: the matrix as a file, what the features are, and whether they leak."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.distributions import describe_lines
from hypertrack.cli.session import EngineOption, Session

if TYPE_CHECKING:  # settings load pydantic, which --help has no need of
    from hypertrack.config import Settings
    from hypertrack.pipeline.features import FeatureQuery


class FeatureFormat(StrEnum):
    """File formats of the feature matrix."""

    PARQUET = "parquet"
    CSV = "csv"


FileOption = Annotated[
    Path | None, typer.Option(help="File to write; default ./features.<format>.")
]
FormatOption = Annotated[
    FeatureFormat | None,
    typer.Option("--format", help="File format; default from --out, else parquet."),
]
NamesOption = Annotated[
    str | None, typer.Option(help="Only these features, comma-separated; default all.")
]
WalletsOption = Annotated[
    str | None,
    typer.Option(help="Only these wallets: a file with one a line, or a comma-separated list."),
]
SinceOption = Annotated[
    str | None,
    typer.Option(help="Only what happened from then on: 2026-07-22T14:30 (UTC), or Unix ms."),
]
UntilOption = Annotated[str | None, typer.Option(help="Only what happened before; as --since.")]
DescribeOption = Annotated[
    bool,
    typer.Option("--describe", help="Write nothing: show each feature and its distribution."),
]
LeakageOption = Annotated[
    bool,
    typer.Option(
        "--check-leakage",
        help="Write nothing: check at random times that no feature knows of later data.",
    ),
]
CutsOption = Annotated[int, typer.Option(help="Times at which --check-leakage cuts.", min=1)]
SeedOption = Annotated[int, typer.Option(help="Of the times of --check-leakage.", min=0)]


def features(
    session: Session,
    out: FileOption = None,
    format_: FormatOption = None,
    names: NamesOption = None,
    wallets: WalletsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    engine: EngineOption = None,
    describe: DescribeOption = False,
    check_leakage: LeakageOption = False,
    cuts: CutsOption = 3,
    seed: SeedOption = 0,
) -> None:
    """Write the feature matrix: one row a wallet, first column wallet.

    Example: hypertrack features --format csv --names tx_count,total_value
    """
    query = _query(names, wallets, since, until)
    settings = session.load({"features.engine": engine}).settings
    has_file = out is not None or format_ is not None
    has_part = bool(wallets or since or until or engine)
    _refuse_two_jobs(describe, check_leakage, has_file, has_part)
    if describe:
        _describe(session, settings, query)
    elif check_leakage:
        _check_leakage(session, settings, query.names, cuts, seed)
    else:
        _export(session, settings, _file(out, format_), query)


def _refuse_two_jobs(describe: bool, check_leakage: bool, has_file: bool, has_part: bool) -> None:
    from hypertrack.errors import ConfigError

    if describe and check_leakage:
        raise ConfigError("--describe and --check-leakage are two jobs: give one of them")
    if (describe or check_leakage) and has_file:
        flag = "--describe" if describe else "--check-leakage"
        raise ConfigError(f"{flag} writes no file: leave out --out and --format")
    if check_leakage and has_part:
        raise ConfigError(
            "--check-leakage chooses its own: leave out --wallets, the window and --engine"
        )


def _query(
    names: str | None, wallets: str | None, since: str | None, until: str | None
) -> "FeatureQuery":
    from hypertrack.cli.parsing import parse_time_ms, parse_wallets
    from hypertrack.pipeline.features import FeatureQuery

    return FeatureQuery(
        names=None if names is None else [name.strip() for name in names.split(",")],
        wallets=None if wallets is None else parse_wallets(wallets),
        since_ms=None if since is None else parse_time_ms(since),
        until_ms=None if until is None else parse_time_ms(until),
    )


def _file(out: Path | None, format_: FeatureFormat | None) -> Path:
    from hypertrack.errors import ConfigError

    suffix = (format_ or FeatureFormat.PARQUET).value
    file = out or Path(f"features.{suffix}")
    if format_ is not None and file.suffix != f".{suffix}":
        raise ConfigError(f"--format {suffix} and --out {file} disagree: give one of them")
    return file


def _export(session: Session, settings: "Settings", file: Path, query: "FeatureQuery") -> None:
    from hypertrack.pipeline.features import export_features

    with session.err.status("measuring wallets"):
        n_wallets = export_features(settings, file, query)
    session.done(
        {"file": str(file), "wallets": n_wallets}, f"wrote {n_wallets:,} wallets to {file}"
    )


def _describe(session: Session, settings: "Settings", query: "FeatureQuery") -> None:
    from hypertrack.pipeline.features import describe_features

    with session.err.status("measuring wallets"):
        n_wallets, described = describe_features(settings, query)
    if session.is_json:
        session.emit({"wallets": n_wallets, "features": described})
        return
    for line in describe_lines(described):
        session.out.print(line, soft_wrap=True)
    session.err.print(f"{len(described)} features over {n_wallets:,} wallets")


def _check_leakage(
    session: Session, settings: "Settings", names: Sequence[str] | None, n_cuts: int, seed: int
) -> None:
    from hypertrack.cli.leakage import require_none, show_checks
    from hypertrack.cli.progress import StageBars, progress_bars
    from hypertrack.pipeline.features import check_leakage

    with progress_bars(session) as bars:
        shown = StageBars(bars)

        def on_cut(n_done: int, n_all: int) -> None:
            shown.show("comparing", n_done / n_all, f"{n_done} of {n_all} cuts")

        shown.show("comparing", 0.0, "opening the dataset")
        checks = check_leakage(settings, on_cut, names=names, n_cuts=n_cuts, seed=seed)
    show_checks(session, checks)
    require_none(checks)
