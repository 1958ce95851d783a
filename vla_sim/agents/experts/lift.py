"""Lift: over the object, down, close, up; the phase is read off the state alone.

No phase remembers anything, so a strange state of another policy gets a sensible answer too: a
hand closed on nothing rises and opens, fingers low beside an object rise first, and a wrong
object in the hand is put down before it is let go.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig, ToolRollout
from vla_sim.assets.panda import GRIPPER_SPEED_M_S
from vla_sim.assets.props import CYLINDER_RADIUS_M
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

OPEN, CLOSED = 1.0, -1.0

# Phases, in the order of precedence.
RAISE, CLOSE, PUT_DOWN, LET_GO, DESCEND, CLIMB, APPROACH = range(7)


@dataclass(frozen=True, kw_only=True)
class LiftExpertConfig:
    """Settings of LiftExpert."""

    raise_m: float = 0.15
    """The tool rises this far above its height of grasping [m]."""
    travel_height_m: float = 0.13
    """Sideways motion happens at least this high above the table [m]."""
    min_grasp_height_m: float = 0.018
    """The fingertips never aim lower than this [m]."""
    place_tolerance_m: float = 0.010
    """The hand closes when the object's centre is this close to the tool, sideways and in z."""
    funnel_slope: float = 0.08
    """How much farther off centre the hand may be for each metre above the grasp."""
    settle_s: float = 0.1
    """Sideways speed counts as this much more off centre."""
    held_tolerance_m: float = 0.022
    """An object this close to the tool, between closed fingers, is held."""
    widest_m: float = 0.05
    """Objects are as wide as high up to this height [m]; taller ones are slender:"""
    slender_m: float = 2.0 * CYLINDER_RADIUS_M
    """that wide [m]."""
    squeeze_m: float = 0.014
    """The fingers may read this much less than the object's width when they hold it."""
    slack_m: float = 0.004
    """The fingers hold when they read less than this above the object's width."""
    open_clearance_m: float = 0.012
    """The fingers must be this much wider than the object to go down around it."""
    finger_speed_m_s: float = GRIPPER_SPEED_M_S
    """Rate of change of the gripper's width, for rolling chunks out [m/s]."""
    lag_s: float = 0.0
    """How far the measured position trails the commanded one [s]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "LiftExpert":
        """The expert for one arm."""
        return LiftExpert(self, embodiment, manners)


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the state means for the coming step, m rows."""

    phase: Ints
    target: Floats
    """(m, 3) [m]."""
    gripper: Floats
    """OPEN or CLOSED, (m,)."""
    grip: Floats
    """Width at which the fingers meet an object when they close [m], (m,)."""
    held: Bools
    """(m, K): which objects go where the hand goes."""


class LiftExpert:
    """A phase machine without memory over time-optimal straight motions."""

    def __init__(
        self,
        config: LiftExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self._config = config
        self._dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=self._dt_s, lag_s=config.lag_s).build(manners)

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        names = ("tcp_pos", "tcp_vel", "tcp_acc", "gripper_width", "object_pos", "object_size")
        state = checked_rows(privileged, names, goal, manner, size, goals_of="object_pos")
        m = len(goal)
        half = state["object_size"]
        objects = state["object_pos"].copy()
        width = state["gripper_width"].copy()
        rollout = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        phase = np.full(m, -1)
        action = np.zeros((m, size, len(self._scale)))
        for k in range(size):
            now = self._read(rollout, width, objects, half, goal)
            changed = np.flatnonzero(now.phase != phase)
            rollout.aim(changed, now.target[changed], manner[changed])
            phase = now.phase
            before_velocity, before = rollout.velocity, rollout.position.copy()
            action[:, k, :3] = input_for(before_velocity, rollout.advance(), self._gain)
            action[:, k, -1] = now.gripper
            objects += np.where(now.held[:, :, None], (rollout.position - before)[:, None, :], 0.0)
            width = self._fingers(width, now)
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)

    def _read(
        self, rollout: ToolRollout, width: Floats, objects: Floats, half: Floats, goal: Ints
    ) -> _Reading:
        c = self._config
        row, tool = np.arange(len(goal)), rollout.position
        # Every object: (m, K).
        bottom = objects[:, :, 2] - half
        grasp_z = bottom + np.maximum(half, c.min_grasp_height_m)
        dx, dy = tool[:, None, 0] - objects[:, :, 0], tool[:, None, 1] - objects[:, :, 1]
        aside, above = np.sqrt(dx * dx + dy * dy), tool[:, None, 2] - grasp_z
        grip = np.where(2.0 * half <= c.widest_m + 1e-6, 2.0 * half, c.slender_m)
        slack = width[:, None] - grip
        around = (aside < c.held_tolerance_m) & (np.abs(above) < c.held_tolerance_m)
        held = around & (slack > -c.squeeze_m) & (slack < c.slack_m)
        # The goal's object: (m,).
        mine = held[row, goal]
        other = held.any(axis=1) & ~mine
        other_bottom = np.where(held, bottom, np.inf).min(axis=1)
        aside, above, slack = aside[row, goal], above[row, goal], slack[row, goal]
        near = c.place_tolerance_m
        in_place = (aside < near) & (np.abs(above) < near) & (slack > -c.squeeze_m)
        # Going down starts only when the sideways motion is about to end.
        drift = c.settle_s * np.sqrt(rollout.velocity[:, 0] ** 2 + rollout.velocity[:, 1] ** 2)
        in_funnel = aside + drift < near + c.funnel_slope * np.maximum(above, 0.0)
        is_open = slack > c.open_clearance_m
        is_low = tool[:, 2] < c.travel_height_m - 0.02
        phase = np.select(
            [mine, in_place, other & (other_bottom > 0.01), other, in_funnel & is_open, is_low],
            [RAISE, CLOSE, PUT_DOWN, LET_GO, DESCEND, CLIMB],
            APPROACH,
        )
        xy, z = objects[row, goal, :2], grasp_z[row, goal]
        rest_z = np.maximum(half[row, goal], c.min_grasp_height_m)
        target_z = np.select(
            [phase == RAISE, phase == PUT_DOWN, phase == LET_GO, phase <= DESCEND],
            [rest_z + c.raise_m, tool[:, 2] - other_bottom + 0.004, tool[:, 2], z],
            c.travel_height_m,
        )
        over_object = (phase == CLOSE) | (phase == DESCEND) | (phase == APPROACH)
        target_xy = np.where(over_object[:, None], xy, tool[:, :2])
        closing = (phase == RAISE) | (phase == CLOSE) | (phase == PUT_DOWN)
        other_grip = np.where(held, grip, 0.0).max(axis=1)
        return _Reading(
            phase=phase,
            target=np.concatenate([target_xy, target_z[:, None]], axis=1),
            gripper=np.where(closing, CLOSED, OPEN),
            grip=np.where(phase == PUT_DOWN, other_grip, grip[row, goal]),
            held=held & closing[:, None],
        )

    def _fingers(self, width: Floats, now: _Reading) -> Floats:
        """Width after one more step; fingers that close around an object stop at it."""
        travel = self._config.finger_speed_m_s * self._dt_s
        closed = np.maximum(width - travel, np.minimum(now.grip, width))
        return np.where(now.gripper > 0.0, width + travel, closed)
