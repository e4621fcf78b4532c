"""The verdict command: whom to copy, and how one knows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import OutOption, ProfilesOption, Session, SkillEstimatorOption

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.verdict import Verdicts

STYLES = {"COPY": "bold green", "WATCH": "yellow", "AVOID": "red"}


def verdict(
    session: Session,
    top: Annotated[int, typer.Option(min=1, help="Wallets in the table.")] = 10,
    why: Annotated[
        str | None, typer.Option(help="Show one wallet and all that is known of its skill.")
    ] = None,
    basket: Annotated[
        int | None,
        typer.Option(min=2, help="So many wallets whose bets are not the same bet."),
    ] = None,
    estimator: SkillEstimatorOption = None,
    out: OutOption = None,
    profiles: ProfilesOption = None,
) -> None:
    """Say which wallets are worth copying, and how one knows.

    The first line is about the recording as a whole: whether anybody in it can be told from luck.

    Example: hypertrack verdict --top 20

    Example: hypertrack verdict --basket 5
    """
    from hypertrack.errors import ConfigError

    settings = session.load({"out": out, "skill.estimator": estimator}).settings
    if why is not None and basket is not None:
        raise ConfigError("--why shows one wallet and --basket several: choose one of them")
    if estimator is not None and profiles is not None:
        raise ConfigError("--profiles were judged already, --estimator judges: choose one of them")
    if why is not None:
        _show_why(session, settings, why, profiles)
        return
    if basket is not None:
        _show_basket(session, settings, basket, profiles)
        return
    from hypertrack.pipeline.verdict import best_wallets

    with session.err.status("telling skill from luck"):
        found = best_wallets(settings, top=top, kept_file=profiles)
    if session.is_json:
        session.emit({"headline": found.headline, "skill": found.skill, "wallets": found.wallets})
    else:
        _show_table(session, found)
        if found.rows:
            words = f"verdict --why {found.rows[0].wallet}"
            again = {"out": out, "profiles": profiles, "estimator": estimator}
            command = session.command(words, **again)
            session.err.print(f"\nwhy: {command}", markup=False, soft_wrap=True)


def _show_table(session: Session, found: "Verdicts") -> None:
    from rich.text import Text

    from hypertrack.cli.tables import plain_table
    from hypertrack.text import printable, with_minus

    session.say(found.headline, "bold")
    if found.header.notice:
        session.say(printable(found.header.notice), "yellow")
    for line in found.reliability:
        session.say(line, "dim")
    headings = ("wallet", "verdict", "bets", "edge, bps", "copied, bps", "q")
    rows = [
        (
            short_address(row.wallet),
            Text(row.verdict, STYLES.get(row.verdict, "")),
            *(row.bets, with_minus(row.edge), with_minus(row.copied), row.q),
        )
        for row in found.rows
    ]
    session.out.print()
    notes = [with_minus(row.why) for row in found.rows]
    session.out.print(plain_table(headings, rows, gap=1, notes=notes))


def _show_why(session: Session, settings: "Settings", address: str, kept: Path | None) -> None:
    from rich.text import Text

    from hypertrack.cli.wallet_display import facts_table
    from hypertrack.pipeline.verdict import verdict_on
    from hypertrack.pipeline.wallet import skill_facts

    with session.err.status("telling skill from luck"):
        found = verdict_on(settings, address, kept_file=kept)
    if session.is_json:
        session.emit({"headline": found.headline, "skill": found.skill, "wallet": found.wallets[0]})
        return
    session.say(found.headline, "bold")
    for line in found.reliability:
        session.say(line, "dim")
    session.out.print(Text(f"\n{found.wallets[0].wallet}", "bold"))
    session.out.print(facts_table(skill_facts(found.wallets[0])))


def _show_basket(session: Session, settings: "Settings", size: int, kept: Path | None) -> None:
    from rich.text import Text

    from hypertrack.cli.tables import number, plain_table
    from hypertrack.pipeline.basket import find_basket
    from hypertrack.text import with_minus

    with session.err.status("looking for bets that are not the same bet"):
        found = find_basket(settings, size, kept)
    if session.is_json:
        session.emit(found)
        return
    session.say(found.headline, "bold")
    session.say(found.says, "bold")
    place = {each.wallet: str(nth) for nth, each in enumerate(found.wallets, start=1)}
    rows = [
        (
            place[each.wallet],
            short_address(each.wallet),
            Text(each.verdict, STYLES.get(each.verdict, "")),
            f"{each.n_bets:,}",
            with_minus(f"{each.edge_bps:+.1f}"),
            number(each.correlation, 2),
            "–" if each.nearest is None else place[each.nearest],
        )
        for each in found.wallets
    ]
    headings = ("", "wallet", "verdict", "bets", "edge, bps", "moves", "with")
    session.out.print()
    notes = [with_minus(each.vault) for each in found.wallets]
    session.out.print(plain_table(headings, rows, gap=1, notes=notes if any(notes) else ()))


def short_address(wallet: str) -> str:
    """Return both ends of an address, by which people know it."""
    return f"{wallet[:8]}…{wallet[-4:]}"
