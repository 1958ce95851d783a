"""Laws of PCGrad and of the conflict-free sum, on the Gramian of some gradients."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.chapter_reconciling import AGAINST, conflict_rows, oracle_rows, problem
from vla_sim.align.reconciling.cone import cosines, into_cone
from vla_sim.align.reconciling.conflict_free import conflict_free
from vla_sim.align.reconciling.look import angles_deg, conflict_share
from vla_sim.align.reconciling.losses import PIECE, gramian
from vla_sim.align.reconciling.pcgrad import pcgrad

Surgery = Callable[[NDArray[np.float64], torch.Generator], NDArray[np.float64]]
SURGERIES = (pcgrad, conflict_free)


def gram_of(*rows: list[float]) -> NDArray[np.float64]:
    made = np.array(rows)
    out: NDArray[np.float64] = made @ made.T
    return out


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("surgery", SURGERIES)
def test_without_conflict_it_is_the_sum(surgery: Surgery) -> None:
    np.testing.assert_allclose(surgery(gram_of([1.0, 0.0, 0.5], [0.0, 2.0, 0.5]), seeded()), 1.0)
    np.testing.assert_allclose(surgery(gram_of([1.0, 2.0]), seeded()), 1.0)


@pytest.mark.parametrize("surgery", SURGERIES)
def test_two_conflicting_tasks_both_still_gain(surgery: Surgery) -> None:
    gram = gram_of([1.0, 0.0], [-1.0, 1.0])
    assert (gram @ surgery(gram, seeded()) > 0.0).all()
    assert conflict_share(gram) == 1.0


@pytest.mark.parametrize("surgery", SURGERIES)
def test_a_zero_gradient_changes_nothing(surgery: Surgery) -> None:
    kept = surgery(gram_of([1.0, -2.0], [0.0, 0.0]), seeded())
    assert kept[0] == pytest.approx(1.0)


def test_the_order_is_drawn_from_the_generator() -> None:
    gram = gram_of(*np.random.default_rng(0).normal(size=(5, 4)).tolist())
    np.testing.assert_array_equal(pcgrad(gram, seeded(1)), pcgrad(gram, seeded(1)))


def test_conflict_free_is_so_however_long_each_gradient_is() -> None:
    rows = {row.name.partition(",")[0]: row for row in conflict_rows(300)}
    assert rows["conflict-free"].holds
    assert "conflicts left in 0.0 %" in rows["conflict-free"].value
    assert "conflicts left in 0.0 %" not in rows["pcgrad"].value, "the test has conflicts in it"


def test_opposite_gradients_leave_nothing() -> None:
    gram = gram_of([1.0, 2.0], [-3.0, -6.0])
    assert not conflict_free(gram).any()
    assert cosines(gram, np.zeros(2)).tolist() == [0.0, 0.0]


def test_both_are_torchjd() -> None:
    pytest.importorskip("torchjd.aggregation")
    assert all(row.holds for row in oracle_rows(40))


def test_a_projection_is_inside_as_near_as_can_be_and_stays_where_it_is() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        gradient = problem(rng)
        gram, n = gradient @ gradient.T, len(gradient)
        point, sides = rng.normal(size=n), list(range(0, n, 2))
        inside = into_cone(gram, point, sides)
        added = inside - point
        assert cosines(gram, inside)[sides].min() >= AGAINST
        assert (added[sides] >= 0.0).all() and not np.delete(added, sides).any()
        # Nearest: the way back is at right angles to the point, and pushes only where it touches.
        scale = np.sqrt((point @ gram @ point) * (added @ gram @ added)) + 1e-300
        assert abs(added @ gram @ inside) / scale < 1e-6
        np.testing.assert_allclose(into_cone(gram, inside, sides), inside, rtol=1e-5, atol=1e-12)


def test_for_one_priority_it_is_the_formula() -> None:
    gradient = np.array([[1.0, 0.5], [-2.0, 0.1]])
    gram = gradient @ gradient.T
    whole = gradient.sum(0)
    expected = whole - min(0.0, whole @ gradient[0]) / gram[0, 0] * gradient[0]
    np.testing.assert_allclose(into_cone(gram, np.ones(2), [0]) @ gradient, expected, atol=1e-12)


def test_products_are_summed_in_float64() -> None:
    row_TX = torch.randn(3, 2 * PIECE + 17, generator=seeded()) * torch.tensor(
        [[1.0], [50.0], [1e3]]
    )
    exact = (row_TX.double() @ row_TX.double().T).numpy()
    length = np.sqrt(np.diag(exact))
    assert (np.abs(gramian(row_TX) - exact) / np.outer(length, length)).max() < 1e-12


def test_angles_are_those_between_the_gradients() -> None:
    angles = angles_deg(gram_of([1.0, 0.0], [1.0, 1.0], [-5.0, 0.0], [0.0, 0.0]), list("abcd"))
    assert angles == pytest.approx({"a/b": 45.0, "a/c": 180.0, "b/c": 135.0})
