"""The wallet command: one wallet, and why."""

from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, ProfilesOption, Session, refuse_both


def wallet(
    session: Session,
    address: Annotated[str, typer.Argument(help="0x and 40 hexadecimal digits.")],
    out: OutOption = None,
    no_model: NoModelOption = False,
    profiles: ProfilesOption = None,
) -> None:
    """Show one wallet: scores and what moved them, categories with their evidence, activity.

    Example: hypertrack wallet 0x9aa589355bf745db9784c8ef3c646360f11b58af
    """
    from hypertrack.cli.wallet_display import wallet_view
    from hypertrack.pipeline.wallet import find_wallet, reasons, skill_facts

    refuse_both(no_model, profiles)
    settings = session.load({"out": out}).settings
    with session.err.status("looking the wallet up"):
        header, profile = find_wallet(
            settings, address, with_model=not no_model, kept_file=profiles
        )
    if session.is_json:
        session.emit(profile)
    else:
        why, skill = reasons(header, profile), skill_facts(profile)
        session.out.print(wallet_view(header, profile, why, skill))
