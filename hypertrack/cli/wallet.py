"""The wallet command: one wallet, and why."""

from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, ProfilesOption, Session, refuse_both
from hypertrack.errors import DatasetError
from hypertrack.records import AccountCheck, as_dict


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
    from hypertrack.cli.wallet_display import account_view, wallet_view
    from hypertrack.pipeline.wallet import account_of, find_wallet, reasons, told_facts

    refuse_both(no_model, profiles)
    settings = session.load({"out": out}).settings
    account = account_of(settings, address) if profiles is None else None
    with session.err.status("looking the wallet up"):
        try:
            header, profile = find_wallet(
                settings, address, with_model=not no_model, kept_file=profiles
            )
        except DatasetError:
            if account is None:
                raise
            _show_account(session, account)
            return
    if session.is_json:
        checks = {} if account is None else {"account_checks": account}
        session.emit({**as_dict(profile), **checks})
        return
    session.out.print(wallet_view(header, profile, reasons(header, profile), told_facts(profile)))
    if account is not None:
        session.out.print(account_view(account, has_profile=profile.account is not None))


def _show_account(session: Session, account: AccountCheck) -> None:
    """Show a wallet that the recording has not, and the venue was asked about."""
    from hypertrack.cli.wallet_display import account_view

    if session.is_json:
        session.emit({"wallet": account.wallet, "account_checks": account})
    else:
        session.out.print(account.wallet)
        session.out.print(account_view(account))
