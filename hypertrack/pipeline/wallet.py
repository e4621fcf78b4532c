"""The wallet command: one wallet, and why."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.pipeline.classify import fresh_profiles
from hypertrack.records import WALLET_PATTERN, AccountCheck, ProfileHeader, WalletProfile

if TYPE_CHECKING:  # the command loads this when it runs
    from hypertrack.outputs.reason_views import ScoreView
    from hypertrack.pipeline.profiles import Profiles

__all__ = [
    "ScoreView",
    "account_of",
    "checked_address",
    "find_wallet",
    "profile_of",
    "reasons",
    "skill_facts",
    "told_facts",
]

ADDRESS = re.compile(r"0x[0-9a-f]{1,40}|0x[0-9a-f]{2,38}…[0-9a-f]{1,38}")
CANDIDATES = 5
"""Named of several wallets that begin alike."""


def find_wallet(
    settings: Settings,
    address: str,
    *,
    with_model: bool = True,
    kept_file: Path | None = None,
    on_stale: Callable[[], None] = lambda: None,
) -> tuple[ProfileHeader, WalletProfile]:
    """Return the profile of one wallet, with what it rests on.

    Args:
        address: Any case.
        kept_file: Look among the profiles in this file, and not among the dataset's.
        on_stale: Called before everybody is classified again: what one is takes all to tell.

    Raises:
        ConfigError: Not an address.
        DatasetError: The wallet was not seen in the recording.
    """
    wallet = checked_address(address)
    profiles = fresh_profiles(
        settings,
        with_model=with_model,
        is_kept=False,
        kept_file=kept_file,
        on_stale=on_stale,
    )
    return profiles.header, profile_of(profiles, wallet, kept_file or settings.data)


def checked_address(address: str) -> str:
    """Return an address, its beginning, or both its ends as tables show them, in lower case.

    Raises:
        ConfigError: It is none of these.
    """
    wallet = address.strip().lower().replace("...", "…")
    if not ADDRESS.fullmatch(wallet):
        raise ConfigError(
            f"a wallet is 0x and 40 hexadecimal digits, or how it begins, found {address[:60]!r}"
        )
    return wallet


def profile_of(profiles: "Profiles", wallet: str, place: object) -> WalletProfile:
    """Return the profile of a wallet.

    Args:
        wallet: As `checked_address` returns it.

    Raises:
        DatasetError: It has none, or several wallets begin so.
    """
    if not WALLET_PATTERN.fullmatch(wallet):
        wallet = _only_match(profiles, wallet, place)
    profile = profiles.find(wallet)
    if profile is None and not profiles.header.data.n_trades:
        from hypertrack.outputs.ranking import unjudged

        raise unjudged(profiles.header)
    if profile is None:
        raise DatasetError(
            f"wallet {wallet} is not among the {profiles.header.n_wallets:,} seen in {place}"
        )
    return profile


def _only_match(profiles: "Profiles", wallet: str, place: object) -> str:
    """Return the one wallet that begins, and ends, like this."""
    begin, _, end = wallet.partition("…")
    known = profiles.column("wallet").tolist()
    matches = [each for each in known if each.startswith(begin) and each.endswith(end)]
    if len(matches) == 1:
        return str(matches[0])
    if not matches:
        raise DatasetError(
            f"no wallet of the {profiles.header.n_wallets:,} seen in {place} begins with {wallet}"
        )
    more = f" and {len(matches) - CANDIDATES:,} more" if len(matches) > CANDIDATES else ""
    raise DatasetError(
        f"{len(matches):,} wallets begin with {wallet}: {', '.join(matches[:CANDIDATES])}{more}"
    )


def account_of(settings: Settings, address: str) -> AccountCheck | None:
    """Return what the venue says of a wallet, None where it was not asked about it."""
    from hypertrack.pipeline.account_checks import account_of as find

    return find(settings, address.strip().lower())


def reasons(header: ProfileHeader, profile: WalletProfile) -> "tuple[ScoreView, ...]":
    """Return in words what moved the scores of a wallet; empty where there are none."""
    from hypertrack.outputs.reason_views import score_views

    return score_views(header, profile)


def told_facts(profile: WalletProfile) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return by subject name and value of what is known beside scores; of none that is unknown."""
    from hypertrack.outputs.account_views import account_lines
    from hypertrack.outputs.profit_views import profit_lines

    told = {"profit": () if profile.profit is None else tuple(profit_lines(profile.profit))}
    if profile.account is not None:
        told["account"] = tuple(account_lines(profile.account))
    told["worth copying?"] = skill_facts(profile)
    return {subject: lines for subject, lines in told.items() if lines}


def skill_facts(profile: WalletProfile) -> tuple[tuple[str, str], ...]:
    """Return name and value of what is known of a wallet's skill; nothing where not judged."""
    from hypertrack.outputs.account_views import vault_words
    from hypertrack.outputs.verdict_views import skill_lines

    if profile.skill is None:
        return ()
    vault = vault_words(profile.account)
    return (*([("vault", vault)] if vault else []), *skill_lines(profile.skill))
