"""Profiles of some wallets of the window, as `classify` makes them of a whole recording."""

import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack import records
from hypertrack.config import Settings
from hypertrack.errors import HypertrackError
from hypertrack.files import FileStamp, stamp_of
from hypertrack.model import MODEL_NAME
from hypertrack.model.version_files import card_file
from hypertrack.pipeline.asked_rules import obstacles_of, rule_columns, rule_features
from hypertrack.pipeline.challenge import Challenger
from hypertrack.pipeline.classify import PROFILES_NAME, said_of_features, told_by_model
from hypertrack.pipeline.places import notice_of
from hypertrack.pipeline.profile_batches import RuleColumns, profile_batches, same_categories
from hypertrack.pipeline.profile_matrix import measure_part
from hypertrack.records import (
    SKILL_NUMBERS,
    SKILL_TEXTS,
    LostWeight,
    ProfileColumns,
    ProfileHeader,
    SkillSummary,
)
from hypertrack.skill.own_edges import OWN_EDGES, unknown
from hypertrack.store.profile_rows import joined
from hypertrack.store.profiles import ProfileFile

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.model.versions import WalletModel

log = logging.getLogger(__name__)

SUMMED_S = 60.0


class LiveProfiler:
    """Makes profiles with the model in force, and the skill that was judged last.

    Attributes:
        model: None where there is none, or none that reads the features in force.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._more = rule_features(settings)
        self._model_stamps: tuple[FileStamp | None, FileStamp | None] = (None, None)
        self._judged = _Judged(settings.out / PROFILES_NAME)
        self._challenger = Challenger(settings)
        self._header: ProfileHeader | None = None
        self._summed_s = 0.0
        self.model: WalletModel | None = None

    @property
    def version(self) -> str | None:
        """Return the version of the model; None without one."""
        return None if self.model is None else self.model.summary.version

    @property
    def earned(self) -> frozenset[str]:
        """Return the scores that have earned weight."""
        heads = () if self.model is None else self.model.summary.heads
        return frozenset(head.head for head in heads if head.has_earned_weight)

    @property
    def lost_weight(self) -> LostWeight | None:
        """Return what took the model's weight; None where it has it, or there is no model."""
        return None if self.model is None else self.model.summary.lost_weight

    def look(self) -> bool:
        """Take the model and the skill that are in force now; return whether they say otherwise.

        So does another model, and one that has lost its weight. A model that cannot be loaded
        leaves the one before in force.
        """
        self._judged.read_if_changed()
        if self._stamps() == self._model_stamps:
            return False
        self._model_stamps = self._stamps()
        if self._model_stamps[0] is None:
            return False
        before = self.version, self.lost_weight
        try:
            self.model = self._loaded()
        except HypertrackError as error:
            log.warning("the model is not taken: %s", error)
            return False
        self._model_stamps = self._stamps()  # by now it is known whose card is looked at
        return (self.version, self.lost_weight) != before

    def _stamps(self) -> tuple[FileStamp | None, FileStamp | None]:
        """Return what changes with the model in force, and with what its card says."""
        out, version = self._settings.out, self.version
        of_card = None if version is None else stamp_of(card_file(out, version))
        return stamp_of(out / MODEL_NAME), of_card

    def profile(
        self,
        engine: "FeatureEngine",
        wallets: Sequence[str],
        window: tuple[int, int],
        others: NDArray[np.float64],
    ) -> ProfileColumns:
        """Return the profiles of wallets that traded in a window.

        Args:
            window: Start, and exclusive end.
            others: ``total_value`` of everybody else that was measured.
        """
        from hypertrack.features.activity import activity
        from hypertrack.model.inputs import with_own_edges

        settings = self._settings
        measured = measure_part(engine, wallets, *window, self._more)
        matrix = measured.matrix
        known = np.concatenate([others, matrix.column("total_value")])
        more = rule_columns(settings, measured.whole, known)
        skill = self._judged.skill(matrix.wallets)
        has_model = self.model is not None
        not_testable = obstacles_of(settings, matrix, more, skill, has_model=has_model)
        matrix = with_own_edges(matrix, self._judged.own_edges(matrix.wallets))
        self._note(engine, matrix, (*matrix.names, *more), not_testable)
        asking = RuleColumns(settings.categories, more, not_testable)
        batches = profile_batches(
            matrix,
            activity(engine, part=matrix),
            self.model,
            asking,
            {"skill": skill, "profit": measured.profit},
        )
        columns = next(batches)
        for batch in batches:
            columns = joined(columns, batch)
        if self.model is not None:
            agree = partial(same_categories, columns, matrix, asking)
            self._challenger.score(matrix, self.model, agree)
        as_of_ms = np.full(len(columns), window[1], dtype=np.int64)
        live = {"as_of_ms": as_of_ms, "n_fills_since": np.zeros_like(as_of_ms)}
        return dataclasses.replace(columns, live=live)

    def close(self) -> None:
        """Close what is written beside the profiles."""
        self._challenger.close()

    def header(self, window: tuple[int, int]) -> ProfileHeader:
        """Return what the profiles of a window rest on; some must have been made."""
        assert self._header is not None
        start_ms, end_ms = window
        return records.replace(
            self._header,
            generated_ms=time.time_ns() // 1_000_000,
            data=records.replace(self._header.data, start_ms=start_ms, end_ms=end_ms),
            skill=self._judged.summary,
        )

    def _note(
        self,
        engine: "FeatureEngine",
        matrix: "FeatureMatrix",
        names: Sequence[str],
        not_testable: Mapping[str, str],
    ) -> None:
        """Keep what the next header says; what the window holds is added up once a minute."""
        now_s = time.monotonic()
        if self._header is None or now_s - self._summed_s > SUMMED_S:
            self._summed_s = now_s
            data = engine.summary()
        else:
            data = self._header.data
        settings = self._settings
        self._header = ProfileHeader(
            generated_ms=0,
            data=data,
            notice=notice_of(engine.dataset.lines),
            edition=settings.categories.edition,
            thresholds=settings.categories.limits(),
            not_testable=dict(not_testable),
            **told_by_model(self.model, matrix),
            **said_of_features(names),
        )

    def _loaded(self) -> "WalletModel":
        """Return the model in force.

        Raises:
            ModelError: It cannot be read, or reads other features.
        """
        from hypertrack.model.inputs import input_names
        from hypertrack.model.versions import load_champion

        model = load_champion(self._settings.out)
        model.check_features(input_names(self._settings.features.groups))
        return model


class _Judged:
    """What the profiles in force say of skill, and of each wallet's own edge, by wallet."""

    def __init__(self, file: Path):
        self._file = file
        self._stamp: FileStamp | None = None
        self._row_by_wallet: dict[str, int] = {}
        self._skill: dict[str, NDArray[Any]] = {}
        self._own_edges = np.zeros((0, len(OWN_EDGES)))
        self.summary: SkillSummary | None = None

    def read_if_changed(self) -> None:
        """Read the file if it is another than before; one that cannot be read changes nothing."""
        stamp = stamp_of(self._file)
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            profiles = ProfileFile(self._file)
            header, wallets = profiles.header, profiles.column("wallet").tolist()
            names = () if header.skill is None else (*SKILL_NUMBERS, *SKILL_TEXTS)
            skill = {name: profiles.column(name) for name in names}
            own_edges = unknown(len(wallets))
            if OWN_EDGES.keys() <= header.units.keys():
                own_edges = np.stack([profiles.column(name) for name in OWN_EDGES], axis=1)
        except HypertrackError:
            return  # which the reader of evidence says
        self.summary = header.skill
        self._row_by_wallet = {wallet: row for row, wallet in enumerate(wallets)}
        self._skill, self._own_edges = skill, own_edges

    def skill(self, wallets: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Return the columns of some wallets; of who was not judged NaN, and empty texts."""
        rows = self._rows(wallets)
        found = {}
        for name, column in self._skill.items():
            nothing: Any = np.nan if name in SKILL_NUMBERS else ""
            padded = np.append(column, np.array([nothing], dtype=column.dtype))
            found[name] = padded[rows]
        return found

    def own_edges(self, wallets: Sequence[str]) -> NDArray[np.float64]:
        """Return what to expect of some wallets, ``[wallets, own edges]``.

        Of who was not judged that is what training was told of who had no bet before a cut.
        """
        found: NDArray[np.float64] = np.vstack([self._own_edges, unknown(1)])[self._rows(wallets)]
        return found

    def _rows(self, wallets: Sequence[str]) -> NDArray[np.intp]:
        """Return the row of each wallet, -1 of who has none."""
        return np.array([self._row_by_wallet.get(wallet, -1) for wallet in wallets], dtype=np.intp)
