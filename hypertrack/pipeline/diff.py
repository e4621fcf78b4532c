"""The diff command: what became of wallets from one set of profiles to another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.files import require_writable, write_text
from hypertrack.pipeline.classify import PROFILES_NAME, fresh_profiles
from hypertrack.records import ComparedProfiles, ProfileDiff, ProfileHeader, WalletDiff
from hypertrack.scratch import scratch_folder

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.outputs.diff_views import DiffView
    from hypertrack.store.profile_diff import ProfileJoin
    from hypertrack.store.profiles import ProfileFile

__all__ = ["Compared", "DiffView", "compare", "json_parts", "require_page", "view_of", "write_page"]

WALLETS_ON_PAGE = 500


@dataclass(frozen=True)
class Compared:
    """Two sets of profiles, side by side.

    Attributes:
        diff: What differs, counted.
    """

    diff: ProfileDiff
    _join: "ProfileJoin"

    def wallets(self, limit: int | None = None) -> Iterator[WalletDiff]:
        """Yield who entered, left or changed: what matters most first.

        Args:
            limit: So many at most.
        """
        return self._join.wallets(limit)


@contextmanager
def compare(before: Settings, after: Settings) -> Iterator[Compared]:
    """Compare two sets of profiles.

    Args:
        before: ``data`` is a file of profiles, a folder that holds one, or a dataset, whose wallets
            are profiled; with scores where ``out`` has a model.
        after: The same.

    Raises:
        DatasetError: There is nothing, or no profiles of this version.
    """
    places = [_profiles_at(settings) for settings in (before, after)]
    from hypertrack.store.profile_diff import ProfileJoin

    with scratch_folder() as folder:
        files = [
            place if place is not None else _profile(settings)
            for place, settings in zip(places, (before, after), strict=True)
        ]
        paths = []
        for name, file in zip(("before", "after"), files, strict=True):
            own = Path(folder) / name
            own.mkdir()
            paths.append(file.path_in(own))
        headers = (files[0].header, files[1].header)
        with ProfileJoin(paths[0], paths[1], headers) as join:
            yield Compared(_diff(join, headers, (before, after)), join)


def write_page(found: Compared, file: Path) -> None:
    """Write the page."""
    from hypertrack.outputs.diff_page import render_diff

    write_text(file, render_diff(found.diff, tuple(found.wallets(WALLETS_ON_PAGE))))


def require_page(file: Path | None) -> None:
    """Make sure that the page can be written, where one is asked for."""
    if file is not None:
        require_writable(file, (".html",))


def view_of(found: Compared, *, top: int) -> "DiffView":
    """Return what differs in words, with so many wallets."""
    from hypertrack.outputs.diff_views import diff_view

    return diff_view(found.diff, tuple(found.wallets(top)))


def json_parts(found: Compared) -> Iterator[str]:
    """Yield one JSON object in parts, all wallets that differ in it."""
    from hypertrack.outputs.diff_json import render_json

    return render_json(found.diff, found.wallets())


def _profiles_at(settings: Settings) -> "ProfileFile | None":
    """Return profiles that are there already; None of a dataset, which is profiled first."""
    from hypertrack.pipeline.places import require_data

    place = settings.data
    if not isinstance(place, Path):
        require_data(settings)
        return None
    file = place / PROFILES_NAME if (place / PROFILES_NAME).is_file() else place
    if not file.is_file():
        require_data(settings)
        return None
    from hypertrack.store.profiles import ProfileFile

    return ProfileFile(file)


def _profile(settings: Settings) -> "ProfileFile":
    from hypertrack.model import MODEL_NAME

    has_model = (settings.out / MODEL_NAME).is_file()
    return fresh_profiles(settings, with_model=has_model, is_kept=False).file


def _diff(
    join: "ProfileJoin",
    headers: tuple[ProfileHeader, ProfileHeader],
    settings: tuple[Settings, Settings],
) -> ProfileDiff:
    from hypertrack.outputs.diff_views import remarks

    before, after = (
        ComparedProfiles(
            place=str(each.data),
            generated_ms=header.generated_ms,
            start_ms=header.data.start_ms,
            end_ms=header.data.end_ms,
            n_wallets=header.n_wallets,
            model=None if header.model is None else header.model.version,
            is_judged=header.skill is not None,
        )
        for header, each in zip(headers, settings, strict=True)
    )
    return ProfileDiff(
        before=before,
        after=after,
        remarks=tuple(remarks(*headers)),
        verdicts=join.verdicts(),
        categories=join.categories(),
        estimates=join.estimates(),
        scores=join.scores(),
        **join.counts(),
    )
