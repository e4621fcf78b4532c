import torch

from hypertrack.labels.targets import TARGETS
from hypertrack.model.network import PRIOR, WalletNet
from hypertrack.records import STYLE_DIMENSIONS

N_STYLE = len(STYLE_DIMENSIONS)


def network() -> WalletNet:
    torch.manual_seed(0)
    return WalletNet(7, hidden=(16, 8), dropout_frac=0.3).eval()


def test_outputs_stay_inside_what_they_mean() -> None:
    outputs = network()(100 * torch.randn(500, 7))

    assert outputs.shape == (500, len(TARGETS))
    assert ((outputs[:, :4] >= 0) & (outputs[:, :4] <= 1)).all()
    assert (outputs[:, 4] >= 0).all()
    assert (outputs[:, -N_STYLE:].abs() <= 1).all()


def test_encoder_is_linear_normalised_rectified_silenced() -> None:
    kinds = [type(layer).__name__ for layer in network().encoder]

    assert kinds == ["Linear", "BatchNorm1d", "ReLU", "Dropout"] * 2


def test_network_starts_around_the_best_constant() -> None:
    net = network()
    means = torch.tensor([0.1, 0.2, 0.6, 0.2, 1.5, 0.1, -0.2, 0.3, 0.4, 0.0, -0.5])

    net.start_at(means, torch.ones(len(TARGETS), dtype=torch.bool))
    for head in net.heads.values():
        torch.nn.init.zeros_(head.weight)

    torch.testing.assert_close(net(torch.randn(3, 7)), means.expand(3, -1))


def test_head_without_targets_says_its_prior_about_everyone_and_is_frozen() -> None:
    net = network()
    is_trainable = torch.tensor([name != "risk_score" for name in TARGETS])

    net.start_at(torch.full((len(TARGETS),), 0.7), is_trainable)

    column = TARGETS.index("risk_score")
    outputs = net(torch.randn(50, 7))
    torch.testing.assert_close(outputs[:, column], torch.full((50,), PRIOR))
    assert not any(weight.requires_grad for weight in net.heads["risk_score"].parameters())
    assert outputs[:, 0].std() > 0
