import torch

from hypertrack.labels.targets import TARGETS
from hypertrack.model.network import PRIOR, WalletNet
from hypertrack.records import STYLE_DIMENSIONS

N_STYLE = len(STYLE_DIMENSIONS)


def network() -> WalletNet:
    torch.manual_seed(0)
    return WalletNet(7, hidden=(16, 8), dropout_frac=0.3, n_members=3).eval()


def test_outputs_stay_inside_what_they_mean() -> None:
    outputs = network()(100 * torch.randn(500, 7))

    assert outputs.shape == (500, len(TARGETS))
    assert ((outputs[:, :4] >= 0) & (outputs[:, :4] <= 1)).all()
    assert (outputs[:, 4] >= 0).all()
    assert (outputs[:, -N_STYLE:].abs() <= 1).all()


def test_encoder_is_linear_normalised_rectified_silenced() -> None:
    kinds = [type(layer).__name__ for layer in network().encoder]

    assert kinds == ["MemberLinear", "MemberNorm", "ReLU", "Dropout"] * 2


def test_network_starts_around_the_best_constant() -> None:
    net = network()
    means = torch.tensor([0.1, 0.2, 0.6, 0.2, 1.5, 0.1, -0.2, 0.3, 0.4, 0.0, -0.5])

    net.start_at(means, torch.ones(len(TARGETS), dtype=torch.bool))
    torch.nn.init.zeros_(net.heads.weight)

    torch.testing.assert_close(net(torch.randn(3, 7)), means.expand(3, -1))


def test_head_without_targets_says_its_prior_about_everyone() -> None:
    net = network()
    is_trainable = torch.tensor([name != "risk_score" for name in TARGETS])

    net.start_at(torch.full((len(TARGETS),), 0.7), is_trainable)

    column = TARGETS.index("risk_score")
    outputs = net(torch.randn(50, 7))
    torch.testing.assert_close(outputs[:, column], torch.full((50,), PRIOR))
    assert outputs[:, 0].std() > 0


def test_members_answer_by_themselves_and_their_mean_is_the_answer() -> None:
    net, inputs = network(), torch.randn(20, 7)
    single = WalletNet(7, hidden=(16, 8), dropout_frac=0.3, n_members=1).eval()

    by_member = net.outputs(net.logits(inputs.expand(3, -1, -1)))
    own = {name: value[1:2] for name, value in net.state_dict().items() if value.ndim == 3}
    single.load_state_dict({**single.state_dict(), **own})

    torch.testing.assert_close(net(inputs), by_member.mean(dim=0))
    torch.testing.assert_close(single(inputs), by_member[1])


def test_calibrated_answers_stay_inside_what_they_mean() -> None:
    net, inputs = network(), 5 * torch.randn(200, 7)
    before = net(inputs)

    net.calibrate(*(torch.full((len(TARGETS),), value) for value in (0.5, 0.4)))

    torch.testing.assert_close(net(inputs)[:, 0], (0.4 + 0.5 * (before[:, 0] - 0.4)).clamp(0, 1))
    net.calibrate(*(torch.full((len(TARGETS),), value) for value in (9.0, 0.4)))
    test = net(inputs)
    assert ((test[:, :4] >= 0) & (test[:, :4] <= 1)).all()
    assert (test[:, 4] >= 0).all()
    assert (test[:, -N_STYLE:].abs() <= 1).all()


def test_head_start_adds_to_a_logit_whatever_is_learnt_beside_it() -> None:
    net, inputs = network(), torch.randn(20, 7)
    means, is_trainable = torch.full((len(TARGETS),), 0.5), torch.ones(len(TARGETS)) > 0
    head_start = torch.zeros(7, len(TARGETS))
    head_start[2, 1] = 1.5

    net.start_at(means, is_trainable)
    plain = net.logits(inputs.expand(3, -1, -1))
    net.start_at(means, is_trainable, head_start)
    more = net.logits(inputs.expand(3, -1, -1)) - plain

    torch.testing.assert_close(more[..., 1], (1.5 * inputs[:, 2]).expand(3, -1))
    assert (more[..., 0] == 0).all()


def test_what_a_trained_network_answers_includes_its_head_start() -> None:
    net, inputs = network(), torch.randn(20, 7)

    net.start_at(torch.zeros(len(TARGETS)), torch.ones(len(TARGETS)) > 0, torch.ones(7, 11))

    by_member = net.outputs(net.logits(inputs.expand(3, -1, -1)))
    torch.testing.assert_close(net(inputs), by_member.mean(dim=0))


def test_head_that_cannot_be_trained_has_no_head_start() -> None:
    net = network()
    is_trainable = torch.tensor([name != "risk_score" for name in TARGETS])

    net.start_at(torch.full((len(TARGETS),), 0.5), is_trainable, torch.ones(7, len(TARGETS)))

    outputs = net(torch.randn(50, 7))[:, TARGETS.index("risk_score")]
    torch.testing.assert_close(outputs, torch.full((50,), PRIOR))
