"""Lift: over the object, down, close, up; the phase is read off the state alone.

No phase remembers anything, so a strange state of another policy gets a sensible answer too: a
hand closed on nothing rises and opens, fingers low beside an object rise first, and a wrong
object in the hand is put down before it is let go.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.kernel_settings import settings_of, settings_type
from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig
from vla_sim.assets.panda import GRIPPER_SPEED_M_S
from vla_sim.assets.props import SLENDERNESS
from vla_sim.physics.compiled import entry
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OPEN, CLOSED = 1.0, -1.0

# Phases, in the order of precedence.
RAISE, CLOSE, PUT_DOWN, LET_GO, DESCEND, CLIMB, APPROACH = range(7)

CARRIED_M = 0.01
"""A wrong object in the hand higher than this is put down before it is let go [m]."""
LOW_M = 0.02
"""A hand this far below the travelling height rises before it moves sideways [m]."""


@dataclass(frozen=True, kw_only=True)
class LiftExpertConfig:
    """Settings of LiftExpert."""

    raise_m: float = 0.15
    """The tool rises this far above its height of grasping [m]."""
    travel_height_m: float = 0.13
    """Sideways motion happens at least this high above the table [m]."""
    min_grasp_height_m: float = 0.018
    """The fingertips never aim lower than this [m]."""
    place_tolerance_m: float = 0.013
    """The hand closes when the object's centre is this close to the tool, sideways and in z."""
    funnel_m: float = 0.020
    """A hand that is at most this far off centre goes down, or corrects itself where it is: wider
    than what closes it, so that a learner a little off is not sent up again and again [m]."""
    funnel_slope: float = 0.05
    """How much farther off centre the hand may be for each metre above the grasp."""
    settle_s: float = 0.1
    """Sideways speed counts as this much more off centre."""
    held_tolerance_m: float = 0.022
    """An object this close to the tool, between closed fingers, is held."""
    widest_m: float = 0.05
    """Objects are as wide as high up to this height [m]; taller ones are slender:"""
    slenderness: float = SLENDERNESS
    """so wide, as a share of their height."""
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


LiftSettings = settings_type("LiftSettings", LiftExpertConfig, __name__)


class LiftExpert:
    """A phase machine without memory over time-optimal straight motions."""

    reads = ("tcp_pos", "tcp_vel", "tcp_acc", "gripper_width", "object_pos", "object_size")

    def __init__(
        self,
        config: LiftExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self._settings = settings_of(LiftSettings, config)
        self._dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=self._dt_s, lag_s=config.lag_s).build(manners)

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(privileged, self.reads, goal, manner, size, goals_of="object_pos")
        m = len(goal)
        half = state["object_size"]
        objects = state["object_pos"].copy()
        width = state["gripper_width"].copy()
        rollout = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        phase = np.full(m, -1)
        now_phase, target, gripper = np.empty(m, dtype=np.int64), np.empty((m, 3)), np.empty(m)
        action = np.zeros((m, size, len(self._scale)))
        for k in range(size):
            _read(
                rollout.position,
                rollout.velocity,
                width,
                objects,
                half,
                goal,
                self._settings,
                now_phase,
                target,
                gripper,
            )
            changed = np.flatnonzero(now_phase != phase)
            rollout.aim(changed, target[changed], manner[changed])
            phase[:] = now_phase
            before_velocity, before = rollout.velocity, rollout.position.copy()
            action[:, k, :3] = input_for(before_velocity, rollout.advance(), self._gain)
            action[:, k, -1] = gripper
            _carry(
                rollout.position - before,
                width,
                objects,
                half,
                goal,
                self._settings,
                phase,
                before,
                self._dt_s,
            )
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)


@entry
def _grip_width(half: float, settings: Any) -> float:
    """Width of an object between the fingers [m]."""
    height = 2.0 * half
    return height if height <= settings.widest_m + 1e-6 else settings.slenderness * height


@entry
def _is_held(tool: Floats, width: float, place: Floats, half: float, settings: Any) -> bool:
    """Whether an object is between closed fingers."""
    near = settings.held_tolerance_m
    above = tool[2] - (place[2] - half + max(half, settings.min_grasp_height_m))
    aside = math.sqrt((tool[0] - place[0]) ** 2 + (tool[1] - place[1]) ** 2)
    wider = width - _grip_width(half, settings)
    is_around = aside < near and abs(above) < near
    return bool(is_around and -settings.squeeze_m < wider < settings.slack_m)


@entry
def _read(
    tool: Floats,
    velocity: Floats,
    width: Floats,
    objects: Floats,
    half: Floats,
    goal: Ints,
    settings: Any,
    phase: Ints,
    target: Floats,
    gripper: Floats,
) -> None:
    """Write the phase (m,), the tool's target (m, 3) and the gripper's command (m,)."""
    place_near, travel = settings.place_tolerance_m, settings.travel_height_m
    for row in range(len(goal)):
        g = goal[row]
        place, size = objects[row, g], half[row, g]
        rest = max(size, settings.min_grasp_height_m)
        grasp_z = place[2] - size + rest
        aside = math.sqrt((tool[row, 0] - place[0]) ** 2 + (tool[row, 1] - place[1]) ** 2)
        above = tool[row, 2] - grasp_z
        wider = width[row] - _grip_width(size, settings)
        # Going down starts only when the sideways motion is about to end.
        drift = settings.settle_s * math.sqrt(velocity[row, 0] ** 2 + velocity[row, 1] ** 2)
        funnel = settings.funnel_m + settings.funnel_slope * max(above, 0.0)
        other_bottom = np.inf
        for k in range(half.shape[1]):
            if k != g and _is_held(tool[row], width[row], objects[row, k], half[row, k], settings):
                other_bottom = min(other_bottom, objects[row, k, 2] - half[row, k])
        target[row, 0], target[row, 1] = tool[row, 0], tool[row, 1]
        gripper[row] = CLOSED
        if _is_held(tool[row], width[row], place, size, settings):
            phase[row] = RAISE
            target[row, 2] = rest + settings.raise_m
            continue
        if aside < place_near and abs(above) < place_near and wider > -settings.squeeze_m:
            phase[row] = CLOSE
            target[row, 0], target[row, 1], target[row, 2] = place[0], place[1], grasp_z
            continue
        if CARRIED_M < other_bottom < np.inf:
            phase[row] = PUT_DOWN
            target[row, 2] = tool[row, 2] - other_bottom + 0.4 * CARRIED_M
            continue
        gripper[row] = OPEN
        if other_bottom < np.inf:
            phase[row] = LET_GO
            target[row, 2] = tool[row, 2]
        elif aside + drift < funnel and wider > settings.open_clearance_m:
            phase[row] = DESCEND
            target[row, 0], target[row, 1], target[row, 2] = place[0], place[1], grasp_z
        elif tool[row, 2] < travel - LOW_M:
            phase[row] = CLIMB
            target[row, 2] = travel
        else:
            phase[row] = APPROACH
            target[row, 0], target[row, 1], target[row, 2] = place[0], place[1], travel


@entry
def _carry(
    moved: Floats,
    width: Floats,
    objects: Floats,
    half: Floats,
    goal: Ints,
    settings: Any,
    phase: Ints,
    tool: Floats,
    dt_s: float,
) -> None:
    """What a step does to objects and fingers: held ones go with the hand, fingers stop at them.

    `tool` is where the hand was before it `moved`, both (m, 3).
    """
    travel = settings.finger_speed_m_s * dt_s
    for row in range(len(goal)):
        if phase[row] > PUT_DOWN:
            width[row] += travel
            continue
        stop = _grip_width(half[row, goal[row]], settings)
        for k in range(half.shape[1]):
            if _is_held(tool[row], width[row], objects[row, k], half[row, k], settings):
                if k != goal[row]:
                    stop = _grip_width(half[row, k], settings)
                for axis in range(3):
                    objects[row, k, axis] += moved[row, axis]
        width[row] = max(width[row] - travel, min(stop, width[row]))
