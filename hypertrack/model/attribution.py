"""Integrated gradients: how much each input adds to a score, from a baseline to a wallet."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor

Predict = Callable[[Tensor], Tensor]
"""Differentiable: ``[wallets, inputs]`` to ``[wallets, scores]``, each wallet by itself."""

STEPS = (16, 64, 256)
"""Points on the path from the baseline, and more for wallets whose sum is not complete yet."""

TOLERANCE = 0.01
TOLERANCE_FRAC = 0.02
"""What a sum of attributions may miss: so much, plus so much of the difference that it makes."""

CHUNK_ROWS = 1_024
"""Wallets at once: what a processor keeps near."""


def integrated_gradients(
    predict: Predict, inputs: Tensor, baseline: Tensor, chosen: Tensor
) -> Tensor:
    """Return what each input adds to each score on the way from the baseline.

    The gradient is averaged over the straight path by the midpoint rule (kinks, of which a ReLU
    network has many, make higher orders worse) and multiplied by the way gone. So the
    attributions of a score sum to its difference from the baseline's; what the sum may miss is
    `TOLERANCE`, and a wallet that misses more gets more steps.

    Args:
        inputs: ``[wallets, inputs]``.
        baseline: ``[inputs]``.
        chosen: Which scores of each wallet, ``[wallets, chosen]``.

    Returns:
        ``[wallets, chosen, inputs]``.

    Source:
        Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks (2017), equation 3.
    """
    n_parts = max(-(-len(inputs) // CHUNK_ROWS), 1)
    parts = zip(inputs.tensor_split(n_parts), chosen.tensor_split(n_parts), strict=True)
    with _workers() as pool:
        found = [pool.submit(_complete, predict, rows, baseline, which) for rows, which in parts]
        return torch.cat([each.result() for each in found])


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Give one thread for each core: on matrices this small, two in one wait for each other."""
    n_threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(
            n_threads, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            yield pool
    finally:
        torch.set_num_threads(n_threads)


def _complete(predict: Predict, inputs: Tensor, baseline: Tensor, chosen: Tensor) -> Tensor:
    """Return the attributions of one chunk, with as many steps as each wallet needs."""
    with torch.no_grad():
        difference = (predict(inputs) - predict(baseline[None])).gather(1, chosen)
    allowed = TOLERANCE + TOLERANCE_FRAC * difference.abs()  # [wallets, chosen]
    attributions = torch.zeros(*chosen.shape, inputs.shape[1])
    rows = torch.arange(len(inputs))
    for n_steps in STEPS:
        found = _along_path(predict, inputs[rows], baseline, chosen[rows], n_steps)
        attributions[rows] = found
        missed = (found.sum(dim=2) - difference[rows]).abs()
        rows = rows[(missed > allowed[rows]).any(dim=1)]
        if not len(rows):
            break
    return attributions


def _along_path(
    predict: Predict, inputs: Tensor, baseline: Tensor, chosen: Tensor, n_steps: int
) -> Tensor:
    way = inputs - baseline  # [wallets, inputs]
    total = torch.zeros(*chosen.shape, inputs.shape[1])
    for step in range(n_steps):
        point = (baseline + (step + 0.5) / n_steps * way).requires_grad_()
        total += _gradients(predict(point).gather(1, chosen), point)
    return total * way[:, None] / n_steps


def _gradients(scores: Tensor, point: Tensor) -> Tensor:
    """Return the gradient of every score of every wallet by its own inputs."""
    n_scores = scores.shape[1]
    by_score = [
        torch.autograd.grad(scores[:, i].sum(), point, retain_graph=i < n_scores - 1)[0]
        for i in range(n_scores)
    ]
    return torch.stack(by_score, dim=1)  # [wallets, scores, inputs]
