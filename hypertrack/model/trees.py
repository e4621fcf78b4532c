"""Boosted trees as plain arrays: stored without code, and asked without the library that made them.

Whoever loads them runs nothing but comparisons with numbers from the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.targets import TARGETS
from hypertrack.records import BINARY_HEADS

Array = NDArray[np.float64]

MAX_LEAVES = 16
"""As many bits as a tree's set of leaves has."""

EVERY_LEAF = np.uint16(0xFFFF)

CHUNK_ROWS = 16_384
"""Wallets asked at once: what a processor keeps near."""

_N_TRAILING_ZEROS = np.zeros(2**MAX_LEAVES, dtype=np.uint8)
for _bit in reversed(range(MAX_LEAVES)):
    _N_TRAILING_ZEROS[2**_bit :: 2**_bit * 2] = _bit


@dataclass(frozen=True)
class Trees:
    """Boosted trees for every target.

    A tree's leaves are numbered from left to right, a bit each. A node that is answered with
    right strikes out the leaves on its left; the first leaf that is left over is the tree's.

    Source:
        Lucchese et al.: QuickScorer, a fast algorithm to rank documents (2015).
    """

    feature: NDArray[np.int64]
    """Which feature each node asks about, ``[nodes]``."""
    threshold: Array
    """A feature above it goes right, ``[nodes]``."""
    missing_goes_left: NDArray[np.bool_]
    struck: NDArray[np.uint16]
    """The leaves on each node's left, ``[nodes]``."""
    first_node: NDArray[np.int64]
    """Of each tree, and the number of nodes behind them, ``[trees + 1]``."""
    leaf_values: Array
    """``[trees, MAX_LEAVES]``."""
    target: NDArray[np.int64]
    """Which target each tree adds to, ``[trees]``."""
    base: Array
    """What the trees of a target add to, ``[targets]``."""
    is_logit: NDArray[np.bool_]
    """Whether their sum is a logit, ``[targets]``."""

    @classmethod
    def of(cls, models: Mapping[int, Any], constants: Array) -> Self:
        """Return what fitted models of scikit-learn say, as arrays.

        Args:
            models: `HistGradientBoostingClassifier` or `…Regressor` by target.
            constants: What is said of targets without a model, ``[targets]``.
        """
        base, is_logit = constants.copy(), np.zeros(len(TARGETS), dtype=np.bool_)
        trees = []
        for target, model in models.items():
            base[target] = float(np.ravel(model._baseline_prediction)[0])
            is_logit[target] = TARGETS[target] in BINARY_HEADS
            trees += [(target, _Tree(stage[0].nodes)) for stage in model._predictors]
        nodes = [node for _, tree in trees for node in tree.nodes]
        columns = list(zip(*nodes, strict=True)) if nodes else [(), (), (), ()]
        return cls(
            feature=np.array(columns[0], dtype=np.int64),
            threshold=np.array(columns[1], dtype=np.float64),
            missing_goes_left=np.array(columns[2], dtype=np.bool_),
            struck=np.array(columns[3], dtype=np.uint16),
            first_node=np.cumsum([0, *(len(tree.nodes) for _, tree in trees)]),
            leaf_values=np.array([tree.values for _, tree in trees]).reshape(-1, MAX_LEAVES),
            target=np.array([target for target, _ in trees], dtype=np.int64),
            base=base,
            is_logit=is_logit,
        )

    def predict(self, features: Array) -> Array:
        """Return what is expected of each row, ``[rows, targets]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``; NaN is missing.
        """
        raw = np.tile(self.base, (len(features), 1))
        for start in range(0, len(features), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            by_feature = np.ascontiguousarray(features[rows].T)
            for tree, target in enumerate(self.target.tolist()):
                raw[rows, target] += self.leaf_values[tree, self._leaves(tree, by_feature)]
        raw[:, self.is_logit] = 1 / (1 + np.exp(-raw[:, self.is_logit]))
        return raw

    def _leaves(self, tree: int, by_feature: Array) -> NDArray[np.uint8]:
        """Return the leaf that each row comes to, ``[rows]``."""
        left = np.full(by_feature.shape[1], EVERY_LEAF)
        for node in range(self.first_node[tree], self.first_node[tree + 1]):
            left &= ~(self._is_right(node, by_feature).astype(np.uint16) * self.struck[node])
        return _N_TRAILING_ZEROS[left]

    def answers(self, tree: int, by_feature: Array) -> NDArray[np.bool_]:
        """Return whether each node of a tree sends a row to the right, ``[nodes, rows]``.

        Args:
            by_feature: ``[features, rows]``.
        """
        nodes = range(self.first_node[tree], self.first_node[tree + 1])
        found = [self._is_right(node, by_feature) for node in nodes]
        return np.array(found, dtype=np.bool_).reshape(len(nodes), by_feature.shape[1])

    def _is_right(self, node: int, by_feature: Array) -> NDArray[np.bool_]:
        values, threshold = by_feature[self.feature[node]], self.threshold[node]
        is_right: NDArray[np.bool_] = (
            values > threshold if self.missing_goes_left[node] else ~(values <= threshold)
        )
        return is_right

    def sides(self, tree: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which leaves lie below each node on its left, and on its right.

        Nodes and leaves of a tree are numbered from left to right, so that a node stands between
        the leaf of its own number and the next one. On its right it reaches to the first node
        that has it on the left.

        Returns:
            ``[leaves, nodes]`` each.
        """
        struck = self.struck[self.first_node[tree] : self.first_node[tree + 1]].astype(np.int64)
        leaf, node = np.arange(len(struck) + 1)[:, None], np.arange(len(struck))
        on_left = (struck >> leaf) & 1 == 1
        is_above = (node > node[:, None]) & on_left[:-1]  # [nodes, nodes]: the second is above
        last = np.where(is_above.any(axis=1), is_above.argmax(axis=1), len(struck))
        return on_left, (leaf > node) & (leaf <= last)

    def check(self, n_features: int) -> None:
        """Make sure that arrays from a file fit together.

        Raises:
            ValueError: They do not.
        """
        n_nodes, n_trees, n_targets = len(self.feature), len(self.target), len(TARGETS)
        shapes = {
            "threshold": (n_nodes,),
            "missing_goes_left": (n_nodes,),
            "struck": (n_nodes,),
            "first_node": (n_trees + 1,),
            "leaf_values": (n_trees, MAX_LEAVES),
            "base": (n_targets,),
            "is_logit": (n_targets,),
        }
        is_whole = all(getattr(self, name).shape == shape for name, shape in shapes.items())
        if not (
            is_whole
            and _is_within(self.feature, n_features)
            and _is_within(self.target, n_targets)
            and _is_within(self.first_node, n_nodes + 1)
        ):
            raise ValueError("its trees do not fit its features")


class _Tree:
    """One fitted tree, walked from left to right.

    Attributes:
        nodes: Feature, threshold, where missing goes, struck leaves.
        values: Of the leaves, filled up to `MAX_LEAVES`.
    """

    def __init__(self, nodes: NDArray[Any]):
        self.nodes: list[tuple[int, float, bool, int]] = []
        self.values: list[float] = []
        self._walk(nodes, 0)
        self.values += [0.0] * (MAX_LEAVES - len(self.values))

    def _walk(self, nodes: NDArray[Any], at: int) -> None:
        node = nodes[at]
        if node["is_leaf"]:
            self.values.append(float(node["value"]))
            return
        first = len(self.values)
        self._walk(nodes, int(node["left"]))
        struck = sum(1 << leaf for leaf in range(first, len(self.values)))
        asked = int(node["feature_idx"]), float(node["num_threshold"])
        self.nodes.append((*asked, bool(node["missing_go_to_left"]), struck))
        self._walk(nodes, int(node["right"]))


def _is_within(numbers: NDArray[np.int64], end: int) -> bool:
    return bool(((numbers >= 0) & (numbers < end)).all())
