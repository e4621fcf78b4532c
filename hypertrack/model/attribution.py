"""Integrated gradients: how much each input adds to a score, from a baseline to a wallet."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor

Predict = Callable[[Tensor], Tensor]
"""Differentiable: ``[…, wallets, inputs]`` to ``[wallets, scores]``, each wallet by itself."""

Affine = Callable[[Tensor], Tensor]
"""Of each wallet by itself: ``[wallets, inputs]`` to ``[…, wallets, outputs]``."""

STEPS = (16, 64, 256)
"""Points on the path from the baseline, and more for wallets whose sum is not complete yet."""

TOLERANCE = 0.01
TOLERANCE_FRAC = 0.02
"""What a sum of attributions may miss: so much, plus so much of the difference that it makes."""

CHUNK_ROWS = 1_024
"""Wallets at once: what a processor keeps near."""


def integrated_gradients(
    predict: Predict,
    inputs: Tensor,
    baseline: Tensor,
    chosen: Tensor,
    first: Affine = torch.clone,
) -> Tensor:
    """Return what each input adds to each score on the way from the baseline.

    The gradient is averaged over the straight path by the midpoint rule (kinks, of which a ReLU
    network has many, make higher orders worse) and multiplied by the way gone. So the
    attributions of a score sum to its difference from the baseline's; what the sum may miss is
    `TOLERANCE`, and a wallet that misses more gets more steps.

    Args:
        predict: Of what ``first`` makes of the inputs.
        inputs: ``[wallets, inputs]``.
        baseline: ``[inputs]``.
        chosen: Which scores of each wallet, ``[wallets, chosen]``.
        first: What the network begins with, if that is affine: a straight path stays straight
            under it, so that most of the work is done once and not at every point.

    Returns:
        ``[wallets, chosen, inputs]``.

    Source:
        Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks (2017), equation 3.
    """
    n_parts = max(-(-len(inputs) // CHUNK_ROWS), 1)
    parts = zip(inputs.tensor_split(n_parts), chosen.tensor_split(n_parts), strict=True)
    with _workers() as pool:
        found = [
            pool.submit(_attributed, predict, first, rows, baseline, which) for rows, which in parts
        ]
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


def _attributed(
    predict: Predict, first: Affine, inputs: Tensor, baseline: Tensor, chosen: Tensor
) -> Tensor:
    """Return the attributions of one chunk, ``[wallets, chosen, inputs]``."""
    with torch.no_grad():
        start, ends = first(baseline[None]), first(inputs)
    gradients = _complete(predict, start, ends, chosen)
    rows = inputs.detach().requires_grad_()
    begun = first(rows)
    by_score = [torch.autograd.grad(begun, rows, mean, retain_graph=True)[0] for mean in gradients]
    return torch.stack(by_score, dim=1) * (inputs - baseline)[:, None]


def _complete(predict: Predict, start: Tensor, ends: Tensor, chosen: Tensor) -> Tensor:
    """Return mean gradients along each path, over as many steps as each wallet needs.

    Args:
        start: Of all paths, ``[…, 1, outputs]``.
        ends: Of each, ``[…, wallets, outputs]``.

    Returns:
        ``[chosen, …, wallets, outputs]``.
    """
    with torch.no_grad():
        difference = (predict(ends) - predict(start)).gather(1, chosen)
    allowed = TOLERANCE + TOLERANCE_FRAC * difference.abs()  # [wallets, chosen]
    way = ends - start
    gradients = torch.zeros(chosen.shape[1], *ends.shape)
    rows = torch.arange(len(chosen))
    for n_steps in STEPS:
        own = way[..., rows, :]
        found = _along_path(predict, start, own, chosen[rows], n_steps)
        gradients[..., rows, :] = found
        added = (
            (found * own).sum(dim=-1).unsqueeze(1).flatten(1, -2).sum(dim=1)
        )  # [chosen, wallets]
        missed = (added.T - difference[rows]).abs()
        rows = rows[(missed > allowed[rows]).any(dim=1)]
        if not len(rows):
            break
    return gradients


def _along_path(
    predict: Predict, start: Tensor, way: Tensor, chosen: Tensor, n_steps: int
) -> Tensor:
    """Return the mean gradient of each score on each way, ``[chosen, …, wallets, outputs]``."""
    n_scores, n_rows = chosen.shape[1], len(chosen)
    total = torch.zeros(n_scores, *way.shape)
    at = (torch.arange(n_steps) + 0.5) / n_steps
    # Of few wallets several points at once: a step costs as much for ten as for hundreds.
    for some in torch.split(at, max(CHUNK_ROWS // max(n_rows, 1), 1)):
        points = torch.addcmul(start.unsqueeze(-2), way.unsqueeze(-2), some[:, None])
        point = points.flatten(-3, -2).requires_grad_()  # [..., wallets · points, outputs]
        scores = predict(point).gather(1, chosen.repeat_interleave(len(some), dim=0))
        for i in range(n_scores):
            is_last = i == n_scores - 1
            (found,) = torch.autograd.grad(scores[:, i].sum(), point, retain_graph=not is_last)
            by_point = found.reshape(*way.shape[:-1], len(some), way.shape[-1])
            # A sum of one would be written down before it is added.
            total[i] += by_point.sum(dim=-2) if len(some) > 1 else by_point[..., 0, :]
    return total / n_steps
