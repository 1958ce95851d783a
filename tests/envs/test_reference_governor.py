"""What the governor of a reference owes: bounds that hold whatever comes, and no more change."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.assets.panda import HOME_Q_RAD, PANDA, panda_chain
from vla_sim.envs.robots.panda import PANDA_ARM
from vla_sim.envs.robots.reference_bounds import ROOM_M, bounds_of
from vla_sim.envs.robots.reference_governor import ReferenceGovernor
from vla_sim.physics.kinematics import rotation_error

Floats = NDArray[np.float64]

N, DT = 8, PANDA.control_dt_s
CHAIN = panda_chain()
BOX = np.array([PANDA_ARM.workspace_lower_m, PANDA_ARM.workspace_upper_m])
LIMITS = np.array(
    [
        [group.position_lower for group in PANDA.motion[:7]],
        [group.position_upper for group in PANDA.motion[:7]],
        PANDA_ARM.velocity_rad_s,
        PANDA_ARM.acceleration_rad_s2,
    ]
)
TURNING = (2.5, 25.0)


class Reference:
    """A reference that is told where to go, under a governor, with no arm behind it."""

    def __init__(self, n: int = N) -> None:
        scale = PANDA.action_scale[:6].copy()
        self.governor = ReferenceGovernor(bounds_of(PANDA_ARM, CHAIN), scale, n)
        self.q, self.v = np.tile(HOME_Q_RAD, (n, 1)), np.zeros((n, 7))
        self.twist = np.zeros((n, 7))

    def go(self, wanted: Floats, measured: Floats | None = None) -> None:
        """A step at the joint rates that are wanted, where nothing is in the way."""
        before = (self.q.copy(), self.v.copy())
        self.q, self.v = self.q + wanted * DT, wanted.copy()
        q = before[0] if measured is None else measured
        self.governor.govern(q, before, self.q, self.v, self.twist)


def turn_rates(mats: list[Floats]) -> Floats:
    """Rates of turn between orientations that follow each other, (steps, n, 3)."""
    rates = np.empty((len(mats) - 1, len(mats[0]), 3))
    for k, (before, after) in enumerate(pairwise(mats)):
        for row in range(len(before)):
            rotation_error(after[row], before[row], rates[k, row])
    return rates / DT


@pytest.mark.parametrize("kind", ["noise", "flips", "held", "jumps"])
def test_whatever_is_wanted_and_wherever_the_arm_is_held_the_bounds_hold(kind: str) -> None:
    rng = np.random.default_rng(0)
    reference = Reference()
    qs, vs, mats = [reference.q.copy()], [reference.v.copy()], [CHAIN.pose(reference.q)[1]]
    wanted = rng.normal(0.0, 2.0, (N, 7))
    for step in range(250):
        if kind in ("noise", "jumps"):
            wanted = rng.normal(0.0, 30.0 if kind == "jumps" else 1.0, (N, 7))
        elif kind == "flips":
            wanted = -wanted
        elif step % 20 == 0:
            wanted = rng.normal(0.0, 2.0, (N, 7))
        # Every third second, something holds the joints where they were, or has pushed them away.
        blocked = reference.q + rng.normal(0.0, 0.2, (N, 7)) if step % 60 < 20 else None
        reference.go(wanted, blocked)
        qs.append(reference.q.copy())
        vs.append(reference.v.copy())
        mats.append(CHAIN.pose(reference.q)[1])
    q, v = np.array(qs), np.array(vs)
    np.testing.assert_allclose(np.diff(q, axis=0), v[1:] * DT, atol=1e-12)
    assert (q >= LIMITS[0]).all() and (q <= LIMITS[1]).all()
    assert (np.abs(v) <= LIMITS[2] + 1e-6).all()
    assert (np.abs(np.diff(v, axis=0)) <= LIMITS[3] * DT + 1e-6).all()
    point = np.array([CHAIN.pose(one)[0] for one in qs])
    assert (np.maximum(BOX[0] - point, point - BOX[1]) <= ROOM_M + 1e-6).all()
    rates = turn_rates(mats)
    assert np.linalg.norm(rates, axis=2).max() < TURNING[0]
    assert np.linalg.norm(np.diff(rates, axis=0), axis=2).max() < TURNING[1] * DT
    assert np.abs(v).max() > 0.5, "it did not move"


def test_what_keeps_the_bounds_passes_to_the_last_bit() -> None:
    reference = Reference()
    for step in range(60):
        wanted = np.zeros((N, 7))
        wanted[:, 0] = 0.5 * np.sin(0.2 * step) * np.linspace(0.2, 1.0, N)
        asked = reference.q + wanted * DT
        reference.go(wanted)
        np.testing.assert_array_equal(reference.q, asked)
        assert not reference.governor.withheld.any()


def test_who_is_outside_comes_back_and_never_goes_further() -> None:
    reference = Reference(1)
    reference.governor.begin(np.array([0]))
    lowered = reference.q[0].copy()
    lowered[1] += 0.85  # the tool is below the floor of its workspace
    reference.q[0] = lowered
    low = float((BOX[0] - CHAIN.pose(reference.q)[0])[0, 2])
    assert low > 0.02
    for direction in (1.0, -1.0):
        for _ in range(30):
            wanted = np.zeros((1, 7))
            wanted[0, 1] = 0.3 * direction
            reference.go(wanted)
            beyond = float((BOX[0] - CHAIN.pose(reference.q)[0])[0, 2])
            assert beyond <= low + ROOM_M
    assert beyond < 0.0


def test_a_row_does_not_see_its_batch() -> None:
    many, alone = Reference(4), Reference(1)
    rng = np.random.default_rng(2)
    for _ in range(40):
        wanted = rng.normal(0.0, 3.0, (4, 7))
        many.go(wanted)
        alone.go(wanted[2:3])
    np.testing.assert_array_equal(many.q[2], alone.q[0])
