import numpy as np
import pytest
import torch
from torch import Tensor

from hypertrack.model import attribution
from hypertrack.model.attribution import TOLERANCE, TOLERANCE_FRAC, integrated_gradients
from hypertrack.model.network import WalletNet, to_scores

BOTH = torch.tensor([[0, 1]])


def linear(inputs: Tensor) -> Tensor:
    """Return 2a - 3b and b."""
    return torch.stack([2 * inputs[:, 0] - 3 * inputs[:, 1], inputs[:, 1]], dim=1)


def test_linear_score_is_divided_exactly() -> None:
    found = integrated_gradients(linear, torch.tensor([[3.0, 5.0]]), torch.tensor([1.0, 1.0]), BOTH)

    torch.testing.assert_close(found, torch.tensor([[[4.0, -12.0], [0.0, 4.0]]]))


def test_square_is_divided_as_its_integral() -> None:
    def product(inputs: Tensor) -> Tensor:
        return (inputs[:, 0] ** 2 * inputs[:, 1])[:, None]

    found = integrated_gradients(
        product, torch.tensor([[1.0, 1.0]]), torch.zeros(2), torch.tensor([[0]])
    )

    # Along t * (1, 1) the gradients are 2t² and t²: two thirds and one third.
    np.testing.assert_allclose(found[0, 0], [2 / 3, 1 / 3], atol=TOLERANCE)


def test_each_wallet_gets_the_scores_chosen_for_it() -> None:
    inputs = torch.tensor([[3.0, 5.0], [3.0, 5.0]])

    found = integrated_gradients(linear, inputs, torch.zeros(2), torch.tensor([[1], [0]]))

    torch.testing.assert_close(found[:, 0], torch.tensor([[0.0, 5.0], [6.0, -15.0]]))


def test_wallet_at_the_baseline_has_no_attributions() -> None:
    baseline = torch.tensor([2.0, 7.0])

    found = integrated_gradients(linear, baseline[None], baseline, BOTH)

    assert not found.any()


def test_attributions_sum_to_the_difference_of_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "CHUNK_ROWS", 50)
    torch.manual_seed(0)
    network = WalletNet(20, hidden=(64, 32), dropout_frac=0.3).eval()
    inputs, baseline = 3 * torch.randn(120, 20), torch.randn(20)
    chosen = torch.arange(11).repeat(len(inputs), 1)

    def predict(rows: Tensor) -> Tensor:
        return to_scores(network(rows))

    found = integrated_gradients(predict, inputs, baseline, chosen)

    with torch.no_grad():
        difference = predict(inputs) - predict(baseline[None])
    missed = (found.sum(dim=2) - difference).abs()
    assert difference.abs().max() > 0.5
    assert missed.max() > 0
    assert (missed <= TOLERANCE + TOLERANCE_FRAC * difference.abs()).all()


def test_path_may_begin_behind_a_first_layer_that_is_affine() -> None:
    torch.manual_seed(0)
    network = WalletNet(20, hidden=(64, 32), dropout_frac=0.3, n_members=3).eval()
    inputs, baseline = 3 * torch.randn(30, 20), torch.randn(20)
    chosen = torch.tensor([[0, 3, 10]]).repeat(len(inputs), 1)

    whole = integrated_gradients(lambda rows: to_scores(network(rows)), inputs, baseline, chosen)
    behind = integrated_gradients(
        lambda begun: to_scores(network.finish(begun)), inputs, baseline, chosen, network.begin
    )

    torch.testing.assert_close(behind, whole, rtol=1e-3, atol=1e-4)
    assert whole.abs().max() > 0.01


def test_head_start_is_attributed_to_the_input_that_has_it() -> None:
    torch.manual_seed(0)
    network = WalletNet(4, hidden=(8,), dropout_frac=0.0, n_members=2).eval()
    head_start = torch.zeros(4, 11)
    head_start[2, 1] = 1.5
    everything = torch.ones(11) > 0
    network.start_at(torch.full((11,), 0.5), everything, head_start)
    torch.nn.init.zeros_(network.heads.weight)  # nothing is learnt beside it

    inputs, chosen = torch.ones(1, 4), torch.tensor([[1]])
    found = integrated_gradients(
        lambda begun: to_scores(network.finish(begun)),
        *(inputs, torch.zeros(4), chosen, network.begin),
    )

    # From an even chance, 1.5 more of a logit: 1 / (1 + exp(-1.5)) - 0.5 = 0.3176.
    torch.testing.assert_close(found, torch.tensor([[[0, 0, 0.3176, 0]]]), rtol=0, atol=0.001)


def test_wallet_whose_sum_is_not_complete_gets_more_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that the first points of the path cannot see the size of."""

    def steep(inputs: Tensor) -> Tensor:
        return torch.sigmoid(200 * (inputs - 0.55))

    inputs = torch.ones(1, 1)
    monkeypatch.setattr(attribution, "STEPS", (16,))
    few = integrated_gradients(steep, inputs, torch.zeros(1), torch.zeros(1, 1, dtype=torch.int64))
    monkeypatch.undo()
    many = integrated_gradients(steep, inputs, torch.zeros(1), torch.zeros(1, 1, dtype=torch.int64))

    assert abs(few.item() - 1) > 0.05
    assert abs(many.item() - 1) < TOLERANCE + TOLERANCE_FRAC


def test_no_wallets_have_no_attributions() -> None:
    found = integrated_gradients(
        linear, torch.zeros(0, 2), torch.zeros(2), torch.zeros(0, 2, dtype=torch.int64)
    )

    assert found.shape == (0, 2, 2)
