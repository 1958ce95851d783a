"""A second glance looks for what the first one points to, and begins as if there were none."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from tests.align import squares
from vla_sim.align.attention import GroundedAttention, Look
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.model import ModelConfig
from vla_sim.records.triple import GRID, N_QUERIES, PLACE, THING

N_CELLS = GRID * GRID
N_MAP = 8


def attention(n_glances: int) -> GroundedAttention:
    torch.manual_seed(0)
    return GroundedAttention(n_map=N_MAP, n_text=4, n_known=3, n_query=32, n_glances=n_glances)


def pictures(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Maps of two things and a mark, the cell of the thing that is nearer to it, and its own."""
    cell_N3 = torch.rand(n, N_CELLS, generator=generator).topk(3).indices
    place_S2 = 2.0 * attention(1).centre_S2 - 1.0
    map_NSC = torch.zeros(n, N_CELLS, N_MAP)
    map_NSC[:, :, 2:4] = place_S2
    map_NSC[:, :, 4] = place_S2.square().sum(-1)
    map_NSC[:, :, 5] = 1.0
    map_NSC[:, :, 0].scatter_(1, cell_N3[:, :2], 1.0)
    map_NSC[:, :, 1].scatter_(1, cell_N3[:, 2:], 1.0)
    off_N2 = (place_S2[cell_N3[:, :2]] - place_S2[cell_N3[:, 2:]]).square().sum(-1)
    nearer_N = cell_N3.gather(1, off_N2.argmin(1, keepdim=True)).squeeze(1)
    return map_NSC, nearer_N, cell_N3[:, 2]


def looked(net: GroundedAttention, map_NSC: Tensor) -> Tensor:
    """Logarithm of where it looks, (N, Q, S), told nothing else."""
    n = len(map_NSC)
    look: Look = net(map_NSC, torch.ones(n, 1, 4), torch.ones(n, 3))
    return look.log_attention_BGQS[:, 0]


def found_after_learning(n_glances: int) -> float:
    """How often the nearer one is found on pictures never seen, when both have been taught."""
    generator = torch.Generator().manual_seed(1)
    net = attention(n_glances)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(300):
        map_NSC, nearer_N, mark_N = pictures(64, generator)
        log_NQS = looked(net, map_NSC)
        wrong = functional.nll_loss(log_NQS[:, THING], nearer_N)
        loss = wrong + functional.nll_loss(log_NQS[:, PLACE], mark_N)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    map_NSC, nearer_N, _ = pictures(500, generator)
    with torch.no_grad():
        return float((looked(net, map_NSC)[:, THING].argmax(1) == nearer_N).float().mean())


def test_which_of_two_is_nearer_to_a_third_takes_a_second_glance() -> None:
    assert found_after_learning(1) < 0.7, "no cell shows where the others lie"
    assert found_after_learning(2) > 0.9


def test_a_second_glance_begins_as_if_there_were_none() -> None:
    map_NSC, _, _ = pictures(8, torch.Generator().manual_seed(2))
    one, two = attention(1), attention(2)
    assert two.load_state_dict(one.state_dict(), strict=False).missing_keys == ["found.weight"]
    assert torch.equal(looked(one, map_NSC), looked(two, map_NSC))
    looked(two, map_NSC)[:, THING, 0].sum().backward()  # type: ignore[no-untyped-call]
    assert two.found is not None
    gradient = two.found.weight.grad
    assert gradient is not None and gradient.view(32, N_QUERIES, -1).any(dim=(0, 2)).all(), (
        "it may learn from what each query found"
    )


def test_a_peak_says_whether_anything_answers_and_teaches_nothing() -> None:
    map_NSC, _, _ = pictures(4, torch.Generator().manual_seed(3))
    net, text_N14, known_N3 = attention(1), torch.ones(4, 1, 4), torch.ones(4, 3)
    look: Look = net(map_NSC, text_N14, known_N3)
    asked_NX = net.words(text_N14[:, 0]) + net.whereabouts(known_N3)
    query_NQC = net.query(asked_NX.relu()).view(4, N_QUERIES, N_MAP)
    score_NQS = torch.einsum("nqc,nsc->nqs", query_NQC, map_NSC)
    torch.testing.assert_close(look.peak_BGQ[:, 0], score_NQS.amax(-1))
    assert not look.peak_BGQ.requires_grad
    # Attention is the same wherever all cells answer alike; what they answer is not.
    blank: Look = net(torch.zeros_like(map_NSC), text_N14, known_N3)
    assert torch.equal(blank.peak_BGQ, torch.zeros(4, 1, N_QUERIES))


def test_a_model_that_looks_twice_comes_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = ModelConfig(n_glances=2).build([squares.BODY], Tokenizer.from_corpus(squares.CORPUS))
    assert model.attention.found is not None
    torch.nn.init.normal_(model.attention.found.weight)
    save_checkpoint(tmp_path, model, task_body=[0])
    again = load_checkpoint(tmp_path).model
    assert again.config.n_glances == 2
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True)
    )
