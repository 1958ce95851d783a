"""The recorder: what happened in each slot since its episode began."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.course import Course
from vla_sim.envs.crank import Crank
from vla_sim.envs.step_result import StepResult
from vla_sim.records.episode import Episode, Role
from vla_sim.records.observation import Observation

_PER_STEP = (
    "_actions",
    "_proprio",
    "_position",
    "_velocity",
    "_acceleration",
    "_point",
    "_reward",
    "_success",
    "_late",
    "_shield_change",
    "_cell",
    "_cell_visible",
    "_images",
)


class Recorder:
    """Preallocated rows of one episode per slot, cut to length when it ends.

    There is room for one horizon, and more is made when a chain of instructions runs longer.
    """

    def __init__(self, crank: Crank, *, role: Role, keep_images: bool) -> None:
        self.crank = crank
        self._role, self._rig = role, crank.rig
        n, t = crank.n, crank.horizon_steps
        body = crank.embodiment
        size = crank.config.image_size
        self._actions = np.zeros((n, t, body.n_act), dtype=np.float32)
        self._proprio = np.zeros((n, t + 1, body.n_proprio), dtype=np.float32)
        self._position = np.zeros((n, t + 1, body.n_motion))
        self._velocity = np.zeros((n, t + 1, body.n_motion))
        self._acceleration = np.zeros((n, t, body.n_motion))
        self._point = np.zeros((n, t + 1, 3))
        self._reward = np.zeros((n, t))
        self._success = np.zeros((n, t), dtype=bool)
        self._late = np.zeros((n, t), dtype=bool)
        shielded = crank.shield is not None
        self._shield_change = np.zeros((n, t), dtype=np.float32) if shielded else None
        self._violations: dict[str, NDArray[np.bool_]] = {}
        self._expert_length = np.zeros(n)
        self._first = list(crank.instructions)
        self._first_shown = list(crank.shown)
        self._cell = np.zeros((n, t + 1, 2), dtype=np.float32)
        self._cell_visible = np.zeros((n, t + 1), dtype=bool)
        self._images = np.zeros((n, t + 1, size, size, 3), dtype=np.uint8) if keep_images else None
        self._course = Course(crank)

    def begin(self, ids: NDArray[np.int64], seen: Observation, camera: str) -> None:
        """Note the start of the episodes in `ids`; `seen` has their rows only."""
        motion = self.crank.robot.motion
        self._proprio[ids, 0] = seen.proprio
        self._position[ids, 0] = motion.position[ids]
        self._velocity[ids, 0] = motion.velocity[ids]
        self._point[ids, 0] = motion.point[ids]
        self._expert_length[ids] = self.crank.task.expert_path_length(self.crank.goal)[ids]
        for slot in ids.tolist():
            self._first[slot] = self.crank.instructions[slot]
            self._first_shown[slot] = self.crank.shown[slot]
        self._locate(ids)
        self._course.note(ids)
        if self._images is not None:
            self._images[ids, 0] = seen.images[camera]

    def after(
        self,
        ids: NDArray[np.int64],
        actions: NDArray[np.float32],
        result: StepResult,
        seen: Observation,
        camera: str,
        *,
        late: NDArray[np.bool_] | None = None,
    ) -> None:
        """Note one step of the slots `ids`; `seen` has their rows only, the others all n.

        `late` says in which an action acted that was for an earlier step; None for in none.
        """
        motion = self.crank.robot.motion
        t = self.crank.steps[ids]
        if len(t) and t.max() > self._actions.shape[1]:
            self._grow()
        self._actions[ids, t - 1] = np.nan_to_num(np.clip(actions[ids], -1.0, 1.0))
        self._proprio[ids, t] = seen.proprio
        self._position[ids, t] = motion.position[ids]
        self._velocity[ids, t] = motion.velocity[ids]
        self._acceleration[ids, t - 1] = motion.acceleration[ids]
        self._point[ids, t] = motion.point[ids]
        self._reward[ids, t - 1] = result.reward[ids]
        self._success[ids, t - 1] = result.success[ids]
        if late is not None:
            self._late[ids, t - 1] = late[ids]
        if self._shield_change is not None and result.shield_change is not None:
            self._shield_change[ids, t - 1] = result.shield_change[ids]
        for name, broken in result.violations.items():
            if name not in self._violations:
                self._violations[name] = np.zeros_like(self._success)
            self._violations[name][ids, t - 1] = broken[ids]
        if result.next_asked.any():
            length = self.crank.task.expert_path_length(self.crank.goal)
            self._expert_length[result.next_asked] += length[result.next_asked]
        self._locate(ids)
        self._course.note(ids)
        if self._images is not None:
            self._images[ids, t] = seen.images[camera]

    def _grow(self) -> None:
        """Make room for another horizon."""
        more = self.crank.horizon_steps
        for name in _PER_STEP:
            rows = getattr(self, name)
            if rows is not None:
                blank = np.zeros((len(rows), more, *rows.shape[2:]), dtype=rows.dtype)
                setattr(self, name, np.concatenate([rows, blank], axis=1))
        self._course.grow(more)
        for name, broken in self._violations.items():
            blank = np.zeros((len(broken), more), dtype=bool)
            self._violations[name] = np.concatenate([broken, blank], axis=1)

    def _locate(self, ids: NDArray[np.int64]) -> None:
        """Note where the true referent is in the picture."""
        crank = self.crank
        points = crank.task.referent_point()[np.arange(crank.n), crank.goal][:, None]
        uv, visible = crank.view.locate(points, ids)
        self._cell[ids, crank.steps[ids]] = uv[:, 0]
        self._cell_visible[ids, crank.steps[ids]] = visible[:, 0]

    def latest_images(self, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The newest pictures of the slots `ids`, which must be kept."""
        assert self._images is not None, "pictures are not kept"
        return self._images[ids, self.crank.steps[ids]]

    def episode(self, slot: int, result: StepResult, failure: str = "") -> Episode:
        """The episode that ended in `slot` with this result, or because who acted failed."""
        crank = self.crank
        t = int(crank.steps[slot])
        spec, scene = crank.specs[slot], crank.scenes[slot]
        instruction, shown = self._first[slot], self._first_shown[slot]
        assert spec is not None and scene is not None
        assert instruction is not None and shown is not None
        outcome = scene.goals[int(crank.goal[slot])].outcome
        violations: Mapping[str, NDArray[np.bool_]] = {
            name: rows[slot, :t].copy() for name, rows in self._violations.items()
        }
        return Episode(
            spec=spec,
            rig=self._rig,
            role=self._role,
            instruction=instruction,
            shown=shown,
            embodiment=crank.embodiment.name,
            control_dt_s=crank.embodiment.control_dt_s,
            actions=self._actions[slot, :t].copy(),
            proprio=self._proprio[slot, : t + 1].copy(),
            position=self._position[slot, : t + 1].copy(),
            velocity=self._velocity[slot, : t + 1].copy(),
            acceleration=self._acceleration[slot, :t].copy(),
            point=self._point[slot, : t + 1].copy(),
            reward=self._reward[slot, :t].copy(),
            success=self._success[slot, :t].copy(),
            violations=violations,
            n_completed=int(crank.stages.number[slot]) + int(result.success[slot]),
            expert_path_length_m=float(self._expert_length[slot]),
            terminated=bool(result.terminated[slot]),
            truncated=bool(result.truncated[slot]),
            diverged=bool(result.diverged[slot]),
            policy_failure=failure,
            shield_change=(
                None if self._shield_change is None else self._shield_change[slot, :t].copy()
            ),
            n_goals_equivalent=sum(goal.outcome == outcome for goal in scene.goals),
            n_goals=len(scene.goals),
            images=None if self._images is None else self._images[slot, : t + 1].copy(),
            cell=self._cell[slot, : t + 1].copy(),
            cell_visible=self._cell_visible[slot, : t + 1].copy(),
            subgoals=self._course.subgoals(slot, t),
            stage=self._course.stage(slot, t),
            things=self._course.things(slot, t),
            stale=self._stale(slot, t),
            hold_steps=crank.task.hold_steps,
        )

    def _stale(self, slot: int, t: int) -> NDArray[np.bool_] | None:
        """Steps on which an action acted late, of the first t; None where none did."""
        if self.crank.shifts.delay.is_late(slot):
            return np.ones(t, dtype=np.bool_)
        late = self._late[slot, :t]
        return late.copy() if late.any() else None
