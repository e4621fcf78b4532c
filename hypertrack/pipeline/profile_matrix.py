"""What profiles are made of: the features in force, and what is told of a wallet beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Measured:
    """Wallets of a recording, a row each in every part.

    Attributes:
        matrix: Of the groups of features in force, which a model and the rules read.
        whole: The same, with whatever else was measured.
        profit: Columns about profit.
        account: Columns about accounts; none where the venue was asked about nobody.
    """

    matrix: "FeatureMatrix"
    whole: "FeatureMatrix"
    profit: Columns
    account: Columns


def measure(engine: "FeatureEngine", more: Sequence[str] = ()) -> Measured:
    """Measure a recording once: what profits need is mostly there for other features.

    Args:
        more: Features that are needed beside.
    """
    from hypertrack.pipeline.account_facts import BEHIND_ACCOUNTS, account_columns, has_answers
    from hypertrack.pipeline.profits import BEHIND_PROFIT, profit_columns

    in_force = _in_force(engine)
    is_asked = has_answers(engine)
    behind = (*BEHIND_PROFIT, *(BEHIND_ACCOUNTS if is_asked else ()), *more)
    whole = engine.matrix(names=tuple(dict.fromkeys((*in_force, *behind))))
    return Measured(
        matrix=replace(whole, names=in_force, values=whole.values[:, : len(in_force)]),
        whole=whole,
        profit=profit_columns(engine, whole),
        account=account_columns(engine, whole) if is_asked else {},
    )


def measure_part(
    engine: "FeatureEngine",
    wallets: Sequence[str],
    since_ms: int,
    until_ms: int,
    more: Sequence[str] = (),
) -> Measured:
    """Measure some wallets of a window, without what was told of their accounts.

    Args:
        more: As for `measure`.
    """
    from hypertrack.pipeline.profits import BEHIND_PROFIT, profit_columns

    in_force = _in_force(engine)
    names = tuple(dict.fromkeys((*in_force, *BEHIND_PROFIT, *more)))
    whole = engine.matrix(since_ms=since_ms, until_ms=until_ms, wallets=wallets, names=names)
    return Measured(
        matrix=replace(whole, names=in_force, values=whole.values[:, : len(in_force)]),
        whole=whole,
        profit=profit_columns(engine, whole, is_part=True),
        account={},
    )


def _in_force(engine: "FeatureEngine") -> tuple[str, ...]:
    from hypertrack.features.registry import select

    return tuple(each.name for each in select(engine.settings.groups))
