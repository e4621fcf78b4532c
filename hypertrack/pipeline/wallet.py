"""The wallet command: one wallet, and why."""

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


def find_wallet(
    settings: Settings, address: str, *, with_model: bool = True, kept_file: Path | None = None
) -> tuple[ProfileHeader, WalletProfile]:
    """Return the profile of one wallet, with what it rests on.

    Args:
        address: Any case.
        kept_file: Look among the profiles in this file, and not among the dataset's.

    Raises:
        ConfigError: Not an address.
        DatasetError: The wallet was not seen in the recording.
    """
    wallet = checked_address(address)
    profiles = fresh_profiles(settings, with_model=with_model, is_kept=False, kept_file=kept_file)
    return profiles.header, profile_of(profiles, wallet, kept_file or settings.data)


def checked_address(address: str) -> str:
    """Return an address in lower case.

    Raises:
        ConfigError: It is none.
    """
    wallet = address.strip().lower()
    if not WALLET_PATTERN.fullmatch(wallet):
        raise ConfigError(f"a wallet is 0x and 40 hexadecimal digits, found {address!r}")
    return wallet


def profile_of(profiles: "Profiles", wallet: str, place: object) -> WalletProfile:
    """Return the profile of a wallet.

    Raises:
        DatasetError: It has none.
    """
    profile = profiles.find(wallet)
    if profile is None:
        raise DatasetError(
            f"wallet {wallet} is not among the {profiles.header.n_wallets:,} seen in {place}"
        )
    return profile


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
    from hypertrack.outputs.verdict_views import skill_lines

    return () if profile.skill is None else tuple(skill_lines(profile.skill))
