"""The models commands: versions listed, shown, compared, promoted."""

from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ModelError
from hypertrack.files import require_writable
from hypertrack.model import MODEL_NAME
from hypertrack.pipeline.places import open_engine, require_data
from hypertrack.records import Card, ModelSummary, Record

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.model.comparison import Comparison

__all__ = ["Comparison", "ListedModel", "compare", "list_models", "promote", "show"]


class ListedModel(Record, frozen=True, kw_only=True):
    """One version, and whether it is in use."""

    is_champion: bool
    version: str
    summary: ModelSummary | None
    """None where the version cannot be read."""
    error: str | None = None


def list_models(settings: Settings) -> tuple[ListedModel, ...]:
    """Return all versions in ``settings.out``, newest first, those that cannot be read too."""
    from hypertrack.model.version_files import champion_version, list_versions

    champion = champion_version(settings.out)
    return tuple(
        _listed(settings, version, is_champion=version == champion)
        for version in list_versions(settings.out)
    )


def _listed(settings: Settings, version: str, *, is_champion: bool) -> ListedModel:
    from hypertrack.model.version_files import read_summary

    summary = error = None
    try:
        summary = read_summary(settings.out, version)
    except ModelError as refusal:
        error = str(refusal)
    return ListedModel(is_champion=is_champion, version=version, summary=summary, error=error)


def show(settings: Settings, name: str) -> Card:
    """Return the card of a version: ``champion``, or the beginning or end of its name.

    Raises:
        ModelError: The name means none, or several, or its version is torn.
    """
    from hypertrack.model.version_files import read_card

    return read_card(settings.out, _find(settings, name))


def _find(settings: Settings, name: str) -> str:
    from hypertrack.model.version_files import find_version

    return find_version(settings.out, name)


def compare(settings: Settings, a: str, b: str) -> "Comparison":
    """Score two versions on the held-out rows of the dataset.

    Raises:
        DatasetError: No dataset at ``settings.data``.
        NotEnoughDataError: It has no held-out rows.
        ModelError: A name means none or several versions, or one reads other features.
    """
    a, b = _find(settings, a), _find(settings, b)
    require_data(settings)
    from hypertrack.model.baselines import constant
    from hypertrack.model.comparison import compare as compare_models
    from hypertrack.model.inputs import InputScaler, input_names
    from hypertrack.model.samples import build_samples
    from hypertrack.model.versions import load_version

    model_a, model_b = load_version(settings.out, a), load_version(settings.out, b)
    names = input_names(settings.features.groups)
    for model in (model_a, model_b):
        model.check_features(names)  # before the long work
    is_forced = model_a.summary.is_forced or model_b.summary.is_forced
    with open_engine(settings) as engine:
        samples = build_samples(engine, settings.train, force=is_forced)
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    of_constant = constant(samples, scaler)
    return compare_models(samples, of_constant, model_a, model_b, settings.train)


def promote(settings: Settings, name: str, *, force: bool = False) -> str:
    """Make a version the one in use, and return its full name.

    Args:
        force: Also where it is worse than the champion on the dataset's held-out rows, or cannot
            be compared.

    Raises:
        ModelError: It is worse, was trained by force, or cannot be compared.
        DatasetError: There is no dataset to compare on.
    """
    from hypertrack.model.version_files import champion_version, find_version
    from hypertrack.model.version_files import promote as make_champion

    version = find_version(settings.out, name)
    champion = champion_version(settings.out)
    require_writable(settings.out / MODEL_NAME)
    if not force and champion is not None and champion != version:
        require_data(settings)
        _refuse_if_worse(settings, version, champion)
    make_champion(settings.out, version)
    return version


def _refuse_if_worse(settings: Settings, version: str, champion: str) -> None:
    """Compare a version with the champion.

    Raises:
        ModelError: It is worse, or was trained by force beside a champion that was not, or
            nothing can be compared.
    """
    is_forced, is_champion_forced = (
        show(settings, each).summary.is_forced for each in (version, champion)
    )
    if is_forced and not is_champion_forced:
        raise ModelError(
            f"{version} was trained by force on too little data, the champion {champion} was "
            "not: keep it, or --force"
        )
    found = compare(settings, version, champion)
    if found.overall is None:
        raise ModelError(
            f"{version} cannot be compared with the champion {champion}, no held-out row has an "
            "outcome: record longer, or --force"
        )
    if found.is_a_worse:
        raise ModelError(
            f"{version} is worse than the champion {champion} by {-found.overall.value:.3f} "
            f"skill (95 % CI {-found.overall.high:.3f} to {-found.overall.low:.3f}): keep "
            "it, or --force"
        )
