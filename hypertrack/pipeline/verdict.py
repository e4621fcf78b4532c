"""The verdict command: whom to copy, and how one knows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.classify import PROFILES_NAME, fingerprint, fresh_profiles
from hypertrack.pipeline.wallet import checked_address, profile_of
from hypertrack.records import ProfileHeader, SkillSummary, WalletProfile

if TYPE_CHECKING:
    from hypertrack.outputs.verdict_views import VerdictRow
    from hypertrack.pipeline.profiles import Profiles

__all__ = ["VerdictRow", "Verdicts", "best_wallets", "verdict_on"]


@dataclass(frozen=True)
class Verdicts:
    """The best wallets, and what the recording can say at all."""

    header: ProfileHeader
    skill: SkillSummary
    headline: str
    reliability: tuple[str, ...]
    wallets: tuple[WalletProfile, ...]
    rows: "tuple[VerdictRow, ...]"


def best_wallets(settings: Settings, *, top: int, kept_file: Path | None = None) -> Verdicts:
    """Return the best wallets, the best first.

    Args:
        top: How many.
        kept_file: Read the profiles in this file, and not the dataset's.

    Raises:
        DatasetError: There is no dataset, or the profiles of the file were never judged.
    """
    profiles = judged_profiles(settings, kept_file)
    from hypertrack.outputs.ranking import rank_by_verdict

    rows = rank_by_verdict(profiles)[:top]
    ascending = np.sort(rows)
    found = dict(zip(ascending.tolist(), profiles.wallets(ascending), strict=True))
    return _verdicts(profiles, tuple(found[row] for row in rows.tolist()))


def verdict_on(settings: Settings, address: str, *, kept_file: Path | None = None) -> Verdicts:
    """Return the verdict on one wallet.

    Args:
        address: Any case.
        kept_file: As for `best_wallets`.

    Raises:
        ConfigError: Not an address.
        DatasetError: As for `best_wallets`, or the wallet was not seen.
    """
    wallet = checked_address(address)
    profiles = judged_profiles(settings, kept_file)
    return _verdicts(profiles, (profile_of(profiles, wallet, kept_file or settings.data),))


def _verdicts(profiles: "Profiles", wallets: tuple[WalletProfile, ...]) -> Verdicts:
    from hypertrack.outputs.ranking import unjudged
    from hypertrack.outputs.verdict_views import headline, reliability, verdict_row

    skill = profiles.header.skill
    if skill is None:
        raise unjudged(profiles.header)
    return Verdicts(
        header=profiles.header,
        skill=skill,
        headline=headline(skill),
        reliability=tuple(reliability(skill)),
        wallets=wallets,
        rows=tuple(map(verdict_row, wallets)),
    )


def judged_profiles(settings: Settings, kept_file: Path | None = None) -> "Profiles":
    """Return the profiles written last where they are fresh, with or without scores."""
    file = settings.out / PROFILES_NAME
    if kept_file is None and file.is_file():
        from hypertrack.pipeline.places import require_data
        from hypertrack.pipeline.profiles import Profiles
        from hypertrack.store.profiles import ProfileFile

        require_data(settings)
        try:
            profiles = Profiles(ProfileFile(file))
        except DatasetError:  # of another version: made again
            pass
        else:
            if profiles.header.fingerprint == fingerprint(settings, with_model=True):
                return profiles
    return fresh_profiles(settings, with_model=False, is_kept=False, kept_file=kept_file)
