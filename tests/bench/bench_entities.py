"""Hold entities, copiers and wash pairs against the truth of simulated markets.

python tests/bench/bench_entities.py [first seed] [markets] [hours] [world], or a recording to list
what is merged there and why:

python tests/bench/bench_entities.py RECORDING

A market has 1,000 wallets and 10,400 trades an hour; seeds of 1000 and more are for reports alone.
Precision and recall are pooled over the markets, with intervals of 95 %.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hypertrack.config import Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.cuts import Window
from hypertrack.pipeline.simulate import WritePlan, write
from hypertrack.pipeline.skill_benchmark import TRADES_PER_HOUR, WALLETS
from hypertrack.skill.copiers import find_copiers
from hypertrack.skill.counterparties import find_wash_pairs
from hypertrack.skill.entities import Entities, find_entities
from hypertrack.skill.evidence import gather
from hypertrack.store.columns import read_columns
from hypertrack.store.dataset import open_dataset

Groups = set[tuple[str, ...]]
"""Of one wallet or two."""

NORMAL_95 = 1.96


class Found(NamedTuple):
    """What was found, and what there is among wallets that traded."""

    found: Groups
    true: Groups


def main(first_seed: int, n_markets: int, hours: float, world: str) -> None:
    """Print a table of precision and recall over some markets."""
    each = [_market(seed, hours, world) for seed in range(first_seed, first_seed + n_markets)]
    print(f"{world}, {hours:g} h, seeds {first_seed} to {first_seed + n_markets - 1}\n")
    print("| | found | precision, 95 % | there are | recall, 95 % |")
    print("|---|---|---|---|---|")
    for name in each[0]:
        parts = [market[name] for market in each]
        n_found, n_true = (sum(map(len, part)) for part in zip(*parts, strict=True))
        n_hit = sum(len(part.found & part.true) for part in parts)
        precision, recall = _share(n_hit, n_found), _share(n_hit, n_true)
        print(f"| {name} | {n_found} | {precision} | {n_true} | {recall} |")


def _market(seed: int, hours: float, world: str) -> Mapping[str, Found]:
    """Return by kind which pairs were found in one market."""
    update = {"seed": seed, "hours": hours, "wallets": WALLETS, "skill": world}
    settings = Settings()
    own = settings.model_copy(update={"simulate": settings.simulate.model_copy(update=update)})
    with tempfile.TemporaryDirectory() as temporary:
        folder, truth_file = Path(temporary) / "data", Path(temporary) / "truth.parquet"
        plan = WritePlan(n_trades=round(TRADES_PER_HOUR * hours))
        for _ in write(own, folder, plan, truth=truth_file):
            pass
        truth = read_columns(truth_file)
        with open_dataset(folder) as dataset:
            engine = FeatureEngine(dataset, settings.features, settings.fees)
            return dict(_compared(engine, truth))


def _compared(engine: FeatureEngine, truth: Mapping[str, Any]) -> Iterator[tuple[str, Found]]:
    wallets, window = engine.wallets, Window(engine.start_ms, engine.end_ms)
    entities = find_entities(engine.backend, window, np.ones(engine.n_wallets, dtype=np.bool_))
    traded = set(wallets)

    def found(groups: Groups, true: Groups) -> Found:
        return Found(groups, {group for group in true if traded.issuperset(group)})

    merged = _pairs_of_groups(entities.of_wallet, wallets)
    owned = _pairs_of_groups(truth["owner"], truth["wallet"])
    yield "pairs of one owner", found(merged, owned)

    evidence = gather(engine.backend, window, entities.of_wallet, np.random.default_rng(0))
    copying = find_copiers(evidence.decisions)
    names = {entity: nth for nth, entity in reversed(list(enumerate(entities.of_wallet.tolist())))}
    told = {
        (wallets[names[copier]], wallets[names[source]])
        for copier, source in zip(copying.copier.tolist(), copying.source.tolist(), strict=True)
    }
    follows = zip(truth["wallet"].tolist(), truth["follows"].tolist(), strict=True)
    yield "copiers with whom they follow", found(told, {pair for pair in follows if pair[1]})

    wash = find_wash_pairs(engine.backend, window)
    circles = {(wallets[one],) for one in (*wash.wallet_a.tolist(), *wash.wallet_b.tolist())}
    trapped = zip(truth["wallet"].tolist(), truth["traps"].tolist(), strict=True)
    washing = {(str(wallet),) for wallet, traps in trapped if "wash" in traps}
    yield "wallets that trade in a circle", found(circles, washing)


def _pairs_of_groups(group: Any, wallets: Any) -> Groups:
    by_group: dict[Any, list[str]] = {}
    for wallet, number in zip(list(wallets), group.tolist(), strict=True):
        by_group.setdefault(number, []).append(str(wallet))
    return {pair for own in by_group.values() for pair in combinations(sorted(own), 2)}


def _share(n: int, of: int) -> str:
    """Return a share with its interval by Wilson."""
    if not of:
        return "–"
    p, z2 = n / of, NORMAL_95**2
    middle, half = (p + z2 / 2 / of), NORMAL_95 * (p * (1 - p) / of + z2 / 4 / of**2) ** 0.5
    low, high = ((middle - half) / (1 + z2 / of), (middle + half) / (1 + z2 / of))
    return f"{p:.2f} [{low:.2f}, {high:.2f}]"


def show_recording(folder: Path) -> None:
    """Print which wallets of a recording are merged, and by what."""
    settings = Settings()
    with open_dataset(folder) as dataset:
        engine = FeatureEngine(dataset, settings.features, settings.fees)
        window = Window(engine.start_ms, engine.end_ms)
        entities = find_entities(engine.backend, window, np.ones(engine.n_wallets, dtype=np.bool_))
        _show_entities(entities, engine.wallets)


def _show_entities(entities: Entities, wallets: Any) -> None:
    twins = entities.twins
    sizes = Counter(Counter(entities.of_wallet.tolist()).values())
    print(f"{len(wallets):,} wallets, entities by wallets: {dict(sorted(sizes.items()))}")
    print(f"{len(twins.p)} pairs looked at, {int(twins.are_one.sum())} of them one:")
    for nth in np.flatnonzero(twins.are_one)[np.argsort(-twins.n_pairs[twins.are_one])]:
        a, b = wallets[int(twins.wallet_a[nth])], wallets[int(twins.wallet_b[nth])]
        share, p = twins.paired_frac[nth], twins.p[nth]
        print(f"{a} {b}: {twins.n_pairs[nth]} together, {share:.0%}, by chance {p:.0e}")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and Path(given[0]).is_dir():
        show_recording(Path(given[0]))
    else:
        words = [*given, *["1000", "5", "24", "default"][len(given) :]]
        main(int(words[0]), int(words[1]), float(words[2]), words[3])
