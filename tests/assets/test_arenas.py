"""Arenas stand on z = 0 and nothing drawn on the ground is in the way."""

import mujoco
import numpy as np
import pytest

from vla_sim.assets.arenas import drive_arena, lane_centre_y, road, table_scene


@pytest.mark.parametrize("spec", [table_scene(), drive_arena(18.0), road(3, 3.5, 100.0)])
def test_only_the_ground_touches(spec: mujoco.MjSpec) -> None:
    model = spec.compile()
    solid = np.flatnonzero(model.geom_contype | model.geom_conaffinity)
    assert [model.geom(int(g)).name for g in solid] == ["floor"]
    assert model.geom("floor").pos[2] == 0.0
    assert model.nlight == 1


def test_lanes_lie_between_the_edges() -> None:
    model = road(3, 3.5, 100.0).compile()
    ys = [lane_centre_y(k, 3, 3.5) for k in range(3)]
    assert ys == pytest.approx([-3.5, 0.0, 3.5])
    assert model.geom("edge_right").pos[1] == pytest.approx(ys[0] - 1.75)
    assert model.geom("edge_left").pos[1] == pytest.approx(ys[2] + 1.75)
    assert model.geom("dash_1_0").pos[1] == pytest.approx((ys[0] + ys[1]) / 2)


def test_the_arena_is_as_wide_as_asked() -> None:
    model = drive_arena(18.0).compile()
    assert model.geom("line_front").pos[0] == pytest.approx(18.0)
    assert model.geom("line_right").pos[1] == pytest.approx(-18.0)
