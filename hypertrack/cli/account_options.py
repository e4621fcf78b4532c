"""The options of the accounts command, and what they may say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.parsing import WALLET, parse_duration_s, parse_time_ms, read_wallets
from hypertrack.errors import ConfigError
from hypertrack.records import Verdict

if TYPE_CHECKING:
    from hypertrack.pipeline.accounts import Step

BY_TOP = ("notional", "fills", "profile")
BY_LEADERBOARD = ("day", "week", "month", "allTime")

WalletsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[0x…]...", help="Wallets to ask about.")
]
FileOption = Annotated[
    Path | None, typer.Option("--file", help="More of them, one a line; CSV will do.")
]
TopOption = Annotated[
    int | None, typer.Option("--top", min=1, help="So many of the dataset, by --by.")
]
LeaderboardOption = Annotated[
    int | None,
    typer.Option(
        "--leaderboard", min=1, help="So many of the venue's best, chosen by past profit."
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="notional, fills or profile for --top; day, week, month, allTime for --leaderboard.",
    ),
]
VerdictOption = Annotated[
    str | None,
    typer.Option("--verdict", help="Those of the profiles with it: COPY,WATCH; --top of them."),
]
OnlyOption = Annotated[
    str | None,
    typer.Option(
        "--only",
        help="positions,fills,twap,portfolio,flows,rates,role,funding,spot; first six.",
    ),
]
SinceOption = Annotated[str | None, typer.Option(help="Nothing older: 90d, or 2026-01-05.")]
BudgetOption = Annotated[
    int | None,
    typer.Option(min=2, max=1_200, help="Weight a minute; 900, beside a recorder 600."),
]
MaxAgeOption = Annotated[
    str, typer.Option(help="Positions that are younger are not asked for again.")
]
AllDexesOption = Annotated[
    bool, typer.Option("--all-dexes", help="Positions on every builder's dex.")
]
RefreshOption = Annotated[
    bool, typer.Option("--refresh", help="Choose anew, also where a run was cut short.")
]
NetworkOption = Annotated[str | None, typer.Option(help="mainnet or testnet.")]
UrlOption = Annotated[
    str | None, typer.Option(help="Another venue with the same protocol: http://host:port.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print questions, weight and minutes alone.")
]


def addresses(words: list[str], file: Path | None) -> tuple[str, ...]:
    """Return the wallets that were named, once each, in lower case.

    Raises:
        ConfigError: One is no address, or there is no such file.
    """
    found = [word.strip().lower() for word in words]
    strange = [word for word in found if not WALLET.fullmatch(word)]
    if strange:
        raise ConfigError(f"a wallet is 0x and 40 hex digits; found {strange[0]!r}")
    if file is not None:
        found += read_wallets(file, "--file")
    return tuple(dict.fromkeys(found))


def ordering(by: str | None, top: int | None, leaderboard: int | None, verdict: str | None) -> str:
    """Return what wallets are chosen by.

    Raises:
        ConfigError: It is not known, or two ways to choose were given.
    """
    if leaderboard is not None and (top is not None or verdict is not None):
        other = "--verdict" if top is None else "--top"
        raise ConfigError(f"{other} and --leaderboard choose differently: give one of them")
    if verdict is not None:
        if by not in (None, "profile"):
            raise ConfigError(
                f"--verdict takes the best of the profiles first: leave out --by {by}"
            )
        return "profile"
    known = BY_TOP if leaderboard is None else BY_LEADERBOARD
    chosen = by or ("notional" if leaderboard is None else "month")
    if chosen not in known:
        option = "--top" if leaderboard is None else "--leaderboard"
        raise ConfigError(f"--by is one of {', '.join(known)} for {option}; found {by!r}")
    return chosen


def verdicts(text: str | None) -> tuple[Verdict, ...]:
    """Return the verdicts that were named: ``copy,not_enough_data`` will do.

    Raises:
        ConfigError: One is none.
    """
    if text is None:
        return ()
    known = {each.value: each for each in Verdict}
    words = [word.strip().upper().replace("_", " ") for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        found = repr(unknown[0]) if unknown else "nothing"
        raise ConfigError(f"--verdict takes any of {', '.join(known)}; found {found}")
    return tuple(known[word] for word in dict.fromkeys(words))


def steps(only: str | None) -> "tuple[Step, ...]":
    """Return what is to be asked.

    Raises:
        ConfigError: A step is not known.
    """
    from hypertrack.pipeline.accounts import ASKED, Step

    if only is None:
        return ASKED
    words = [word.strip() for word in only.split(",") if word.strip()]
    unknown = [word for word in words if word not in list(Step)]
    if unknown or not words:
        found = repr(unknown[0]) if unknown else "nothing"
        raise ConfigError(f"--only takes any of {', '.join(Step)}; found {found}")
    return tuple(Step(word) for word in words)


def beginning(text: str | None) -> tuple[float | None, int | None]:
    """Return a length in s up to the venue's now, or a time in ms."""
    if text is None:
        return None, None
    if "-" in text:
        return None, parse_time_ms(text)
    return parse_duration_s(text), None
