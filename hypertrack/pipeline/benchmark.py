"""The models benchmark command: simulated markets of several sizes, trained on and judged."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypertrack.config import Settings
from hypertrack.errors import ConfigError
from hypertrack.scratch import scratch_folder

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.model.benchmark import MarketTruth

__all__ = ["SIZES", "MarketTruth", "Size", "benchmark", "find_sizes"]


class Size(NamedTuple):
    """How large a simulated market is."""

    hours: float
    wallets: int
    n_trades: int


SIZES = {
    "small": Size(6, 800, 60_000),
    "medium": Size(24, 1_500, 250_000),
    "large": Size(72, 3_000, 750_000),
}


def find_sizes(names: str) -> dict[str, Size]:
    """Return the sizes that a comma-separated list names.

    Raises:
        ConfigError: One of them is none.
    """
    chosen = [name.strip() for name in names.split(",")]
    unknown = sorted(set(chosen) - set(SIZES))
    if unknown:
        raise ConfigError(f"sizes are {', '.join(SIZES)}, found {', '.join(unknown)}")
    return {name: SIZES[name] for name in chosen}


def benchmark(settings: Settings, size: Size, seed: int) -> "MarketTruth":
    """Simulate a market, train on it, and compare scores with the truth.

    Everything is made in a temporary folder; the settings' own data and models are left alone.

    Raises:
        NotEnoughDataError: The market is too small to train on.
    """
    from hypertrack.model.benchmark import MarketTruth, compare_scores
    from hypertrack.model.inputs import with_own_edges
    from hypertrack.pipeline.places import open_engine
    from hypertrack.pipeline.simulate import WritePlan, write
    from hypertrack.pipeline.skill import judge_wallets
    from hypertrack.pipeline.train import train
    from hypertrack.store.columns import read_columns

    update = {"seed": seed, "hours": size.hours, "wallets": size.wallets}
    with scratch_folder() as temporary:
        folder = Path(temporary)
        own = settings.model_copy(
            update={
                "data": folder / "data",
                "out": folder / "out",
                "simulate": settings.simulate.model_copy(update=update),
            }
        )
        truth_file = folder / "truth.parquet"
        plan = WritePlan(n_trades=size.n_trades)
        for _ in write(own, folder / "data", plan, truth=truth_file):
            pass
        trained = train(own, _ignore, _ignore)
        with open_engine(own) as engine:
            matrix = engine.matrix()
            judged = judge_wallets(engine, own, matrix)
            assert judged is not None  # who was trained on has traded
            assert judged.own_edges is not None
            read = with_own_edges(matrix, judged.own_edges)
            n_wallets, against = compare_scores(
                trained.model, engine, read, judged.columns["edge_bps"], read_columns(truth_file)
            )
    return MarketTruth(
        seed=seed,
        hours=size.hours,
        n_trades=size.n_trades,
        n_wallets=n_wallets,
        against=against,
    )


def _ignore(event: object) -> None:
    del event
