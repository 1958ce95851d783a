"""The crank: n simulations of one task, turned together in one fixed order.

A control step is: check and clip the actions, command the robot, move what moves by itself, step
the physics, measure, judge, collect violations. The crank never knows which task it has.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.asking import meaning_table, words_of
from vla_sim.envs.axes import axis_of
from vla_sim.envs.chain import chained_goals
from vla_sim.envs.sensing.camera_view import CameraView
from vla_sim.envs.sensing.posture import Posture, has_posture, posture
from vla_sim.envs.sensing.wrist import wrist_camera
from vla_sim.envs.shield.mode import SHIELD_MODES, ShieldMode
from vla_sim.envs.shield.shield import Shield
from vla_sim.envs.shifting.shifts import Shifts
from vla_sim.envs.stages import Stages
from vla_sim.envs.step_result import StepResult
from vla_sim.envs.streams import own_seed, stream
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import check_engine, make_task
from vla_sim.envs.violations import motion_violations
from vla_sim.errors import BadAction, BadConfig, NotCopyable, UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.physics.engines import ENGINES, engine_id, make_engine
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Scene
from vla_sim.ranges import whole
from vla_sim.records.camera import CameraSpec
from vla_sim.records.episode import EpisodeSpec, Rig
from vla_sim.records.instruction import Instruction
from vla_sim.records.manner import MANNERS
from vla_sim.records.observation import Observation, PolicyInput
from vla_sim.records.shift import Shift
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import N_GOALS

Bools = NDArray[np.bool_]
NO_HAZARD = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class CrankConfig:
    """Settings of a Crank."""

    engine: str = "mujoco"
    """What computes the physics: mujoco, or pybullet where that is installed."""
    distractors: bool = False
    """Have things at hand for the axis of that name; shown or not, they cost."""
    renderer: str = "raycast"
    """What makes the pictures, see `vla-sim list renderers`."""
    image_size: int = 64
    """Height and width of the pictures [px]."""
    n_threads: int = 1
    """Threads for physics and pictures; results do not depend on it."""
    shield: ShieldMode = "off"
    """What a shield keeps: the body's limits, or those of the asked manner too."""

    def __post_init__(self) -> None:
        if self.shield not in SHIELD_MODES:
            raise UnknownName("shield", self.shield, SHIELD_MODES)
        if self.engine not in ENGINES:
            raise UnknownName("engine", self.engine, ENGINES)
        if np.shape(self.image_size):
            raise BadConfig(f"image_size is {self.image_size}; pictures are square: use one number")
        whole(16, 4096, image_size=self.image_size)
        whole(1, n_threads=self.n_threads)


def crank_config_for(shift: Shift, base: CrankConfig) -> CrankConfig:
    """The settings of a crank that can run episodes of a shift, otherwise those of `base`.

    Raises:
        UnknownName: If there is no such axis.
    """
    axis = axis_of(shift)
    return replace(
        base,
        renderer=axis.renderer(shift.severity) or base.renderer,
        engine=axis.engine(shift.severity) or base.engine,
        distractors=axis.distractors(shift.severity) or base.distractors,
    )


class Crank:
    """n slots, each running the episode it was last started with."""

    def __init__(self, task_id: str, n: int, config: CrankConfig | None = None) -> None:
        whole(1, n_simulations=n)
        self.task_id = task_id_of(task_id) if is_foreign(task_id) else task_id
        self.n = n
        self.config = config or CrankConfig()
        check_engine(self.task_id, self.config.engine)
        self.task = make_task(self.task_id)
        self.robot = self.task.robot
        self.embodiment = self.robot.embodiment
        spec = self.task.build()
        if self.config.distractors:
            self.task.add_distractors(spec)
        self.engine: Engine = make_engine(
            self.config.engine, spec.compile(), n, self.config.n_threads
        )
        self.n_substeps = round(self.embodiment.control_dt_s / self.engine.timestep_s)
        self.robot.bind(self.engine)
        self.task.bind(self.engine)
        mode = self.config.shield
        self.shield = None if mode == "off" else Shield(mode, self.task, self.engine)
        self.view = self._see(self.task.camera, self.task.hazard_geoms())
        self.shifts = Shifts(self.task_id, self.task, self.engine, self.view)
        self.horizon_steps = round(self.task.horizon_s / self.embodiment.control_dt_s)
        self.goal = np.zeros(n, dtype=np.int64)
        self.manner = np.zeros(n, dtype=np.int64)
        self.seed = np.zeros(n, dtype=np.int64)
        self._own_seed = np.zeros(n, dtype=np.int64)
        self._body = deepcopy(self.embodiment)  # what a policy does to it stays with the policy
        self.steps = np.zeros(n, dtype=np.int64)
        self.stages = Stages(n, hold_steps=self.task.hold_steps)
        self.n_goals = np.ones(n, dtype=np.int64)
        self.meanings = np.zeros((n, N_GOALS, len(MANNERS)), dtype=np.int64)
        self.scenes: list[Scene | None] = [None] * n
        self.specs: list[EpisodeSpec | None] = [None] * n
        self.instructions: list[Instruction | None] = [None] * n
        self.shown: list[Instruction | None] = [None] * n
        self.resting = np.zeros(n, dtype=np.bool_)

    def _see(self, camera: CameraSpec, hazard_geoms: NDArray[np.int64]) -> CameraView:
        return CameraView(
            camera,
            self.engine,
            renderer=self.config.renderer,
            size=self.config.image_size,
            n_threads=self.config.n_threads,
            hazard_geoms=hazard_geoms,
        )

    def start(self, ids: NDArray[np.int64], specs: Sequence[EpisodeSpec]) -> None:
        """Begin an episode in each of the slots `ids`.

        Specs that cannot be run are refused before any slot has changed.

        Raises:
            BadConfig: If a spec is for another task, asks for another renderer or engine, or its
                scene starts on its goal.
            UnknownName: If there is no such axis.
        """
        for spec in specs:
            if spec.task_id != self.task_id:
                raise BadConfig(f"an episode of {spec.task_id} was given to {self.task_id}")
            self._check_shift(spec.shift)
        drawn = [self.shifts.draw(spec) for spec in specs]
        scenes = [
            self.task.sample(stream(self.task_id, spec.seed, "scene"), conditions.spread)
            for spec, conditions in zip(specs, drawn, strict=True)
        ]
        chains = [
            chained_goals(self.task, scene, spec) for spec, scene in zip(specs, scenes, strict=True)
        ]
        words = [words_of(scene, spec) for spec, scene in zip(specs, scenes, strict=True)]
        # All that can be refused has been: from here on, slots change.
        for row, (slot, spec) in enumerate(zip(ids, specs, strict=True)):
            self.scenes[slot] = scenes[row]
            self.specs[slot] = spec
            self.goal[slot] = chains[row][0]
            self.manner[slot] = MANNERS.index(spec.manner)
            self.seed[slot] = spec.seed
            self._own_seed[slot] = own_seed(self.task_id, spec.seed)
            self.n_goals[slot] = len(scenes[row].goals)
            self.meanings[slot] = meaning_table(scenes[row])
            self.instructions[slot], self.shown[slot] = words[row]
        self.resting[ids] = False
        self.steps[ids] = 0
        self.stages.begin(ids, chains)
        self.engine.reset(ids)
        self.shifts.begin(ids, drawn)
        self.robot.reset(ids, np.stack([scene.start for scene in scenes]))
        self.task.write(ids, scenes)
        self.engine.forward(ids)
        self.robot.after_step(ids)
        self.shifts.furnish(ids, specs)
        if self.shield is not None:
            self.shield.begin(ids)
        solved = self.task.judge(self.goal).success[ids]
        if solved.any():
            seeds = [specs[int(k)].seed for k in np.flatnonzero(solved)]
            raise BadConfig(f"{self.task_id} starts solved with seeds {seeds}")

    def rest(self, ids: NDArray[np.int64]) -> None:
        """Let the slots `ids` stand still, at no cost of physics, until an episode begins in them.

        What a step says of them meanwhile means nothing.
        """
        self.resting[ids] = True

    def words(self, spec: EpisodeSpec) -> tuple[Instruction, Instruction]:
        """The true instruction and the shown one of an episode, without beginning it.

        Raises:
            BadConfig: If it needs another crank.
            UnknownName: If there is no such axis.
        """
        self._check_shift(spec.shift)
        spread = self.shifts.draw(spec).spread
        scene = self.task.sample(stream(self.task_id, spec.seed, "scene"), spread)
        chain = chained_goals(self.task, scene, spec)
        return words_of(scene, replace(spec, goal=chain[0]))

    def __reduce__(self) -> NoReturn:
        """Refused: what MuJoCo holds has no copy.

        Raises:
            NotCopyable: Always.
        """
        raise NotCopyable(
            "a Crank",
            "make another, Crank(task_id, n, config), start it with the same specs and repeat the"
            " actions: that gives the same episode to the last bit",
        )

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """Advance every slot that does not rest by one control step.

        Args:
            actions: Normalised, shape (n, n_act). Components beyond [-1, 1] are clipped and
                reported as the violation `action_range`.

        Raises:
            BadAction: If the shape is wrong, or without a shield a value is not finite; nothing has
                moved then. Under a shield, the robot brakes where an action is no number.
        """
        clipped, out_of_range = self.checked(actions)
        passed_on = self.shifts.delay.pass_on(clipped)
        if self.shield is not None:
            passed_on = self.shield.guarded(passed_on, [MANNERS[k] for k in self.manner])
        self.robot.command(passed_on * self.embodiment.action_scale)
        self.task.before_step()
        awake = np.flatnonzero(~self.resting) if self.resting.any() else None
        diverged = self.engine.step(self.n_substeps, awake)
        self.robot.after_step()
        self.steps += 1
        self.task.after_step(self.goal)
        outcome = self.task.judge(self.goal)
        success = outcome.success & ~diverged
        turn = self.stages.turn(success, outcome.failure, self.steps, self.horizon_steps)
        wrong = self.stages.counted(outcome.violations)
        if turn.next_asked.any():
            asked = np.flatnonzero(turn.next_asked)
            self._ask_next(asked)
            self.stages.excuse(asked, self.task.judge(self.goal).violations, wrong)
        reward = np.zeros(self.n)
        for term in outcome.reward_terms.values():
            reward += np.where(diverged, 0.0, term) / len(outcome.reward_terms)
        violations = {
            "action_range": out_of_range,
            **motion_violations(self.robot.motion, self.embodiment),
            "collision": self.robot.collision(),
            **wrong,
        }
        return StepResult(
            reward=reward,
            reward_terms=outcome.reward_terms,
            success=success & turn.is_last,
            terminated=turn.ended | outcome.failure | diverged,
            truncated=turn.truncated,
            diverged=diverged,
            next_asked=turn.next_asked,
            violations=violations,
            shield_change=None if self.shield is None else self.shield.change.copy(),
        )

    def _ask_next(self, ids: NDArray[np.int64]) -> None:
        """Give the slots `ids` the next instruction of their chains, and a horizon for it."""
        self.task.carried_out(ids, self.goal[ids])
        self.stages.advance(ids, self.steps)
        for slot in ids.tolist():
            spec, scene = self.specs[slot], self.scenes[slot]
            assert spec is not None and scene is not None
            self.goal[slot] = goal = self.stages.goal(slot)
            self.instructions[slot], self.shown[slot] = words_of(
                scene, replace(spec, goal=goal), int(self.stages.number[slot])
            )

    def checked(self, actions: NDArray[np.float32]) -> tuple[NDArray[np.float64], Bools]:
        """Actions clipped to [-1, 1] as float64, and which rows had to be clipped.

        What is not finite comes out as NaN: a shield brakes then, rather than do the most there is.

        Raises:
            BadAction: If the shape is wrong, or without a shield a value is not finite.
        """
        expected = (self.n, self.embodiment.n_act)
        if np.shape(actions) != expected:
            raise BadAction(
                f"{self.task_id} wants actions of shape {expected}, not {np.shape(actions)}"
            )
        wide = np.asarray(actions, dtype=np.float64)
        if self.shield is None and not np.isfinite(wide).all():
            row, column = np.argwhere(~np.isfinite(wide))[0]
            raise BadAction(
                f"action {wide[row, column]} of simulation {row}, component {column}, is not finite"
            )
        clipped = np.where(np.isfinite(wide), np.clip(wide, -1.0, 1.0), np.nan)
        return clipped, ~np.all(np.abs(wide) <= 1.0, axis=1)

    def observe(self, ids: NDArray[np.int64], *, images: bool = True) -> Observation:
        """What the sensors of the slots `ids` say now."""
        rgb = self.view.rgb(ids) if images else None
        proprio = self.view.relative(self.robot.proprio())[ids]
        self.shifts.noise.sense(ids, self.seed, self.steps, proprio, rgb)
        return Observation(
            images={} if rgb is None else {self.task.camera.name: rgb},
            proprio=proprio,
            time_s=self.steps[ids].astype(np.float64) * self.embodiment.control_dt_s,
        )

    @cached_property
    def wrist(self) -> CameraView:
        """The camera at the hand; under axes that change what is seen, it sees as in training.

        Raises:
            BadConfig: If the robot is no arm with a hand.
        """
        return self._see(wrist_camera(self.robot, self.engine.model), NO_HAZARD)

    def posture(self, ids: NDArray[np.int64]) -> Posture | None:
        """Joint angles and tool pose of the slots `ids` as their encoders say; None for cars."""
        if not has_posture(self.embodiment):
            return None
        told = posture(self.embodiment, self.robot.motion.position[ids])
        return self.shifts.noise.felt(ids, self.seed, self.steps, told)

    def _check_shift(self, shift: Shift) -> None:
        """Refuse an episode of an axis that is a property of the crank, and not of this one."""
        able = crank_config_for(shift, self.config)
        for what in ("renderer", "engine", "distractors"):
            wanted, mine = getattr(able, what), getattr(self.config, what)
            if wanted != mine:
                raise BadConfig(
                    f"severity {shift.severity} of axis {shift.axis!r} needs a crank with"
                    f" {what}={wanted!r}, and this one has {mine!r}: build one with"
                    " crank_config_for(spec.shift, config)"
                )

    def told(self, ids: NDArray[np.int64], observation: Observation) -> PolicyInput:
        """What a policy is given of the slots `ids`: copies, from which nothing true is reached."""
        shown = [self.shown[slot] for slot in ids]
        assert all(shown), "a slot was asked for an action before its first episode"
        body = self.posture(ids)
        return PolicyInput(
            observation=Observation(
                images={name: image.copy() for name, image in observation.images.items()},
                proprio=observation.proprio.copy(),
                time_s=observation.time_s.copy(),
                joints=None if body is None else body.joints.astype(np.float32),
                tool=None if body is None else body.tool.astype(np.float32),
            ),
            instructions=[instruction.words for instruction in shown if instruction is not None],
            task_id=self.task_id,
            embodiment=self._body,
            row=np.array(ids, dtype=np.int64),
            step=self.steps[ids],
            own_seed=self._own_seed[ids],
        )

    def known(self, ids: NDArray[np.int64], observation: Observation) -> TeacherInput:
        """What a teacher is given of the slots `ids`: everything."""
        return TeacherInput(
            told=self.told(ids, observation),
            privileged={name: values[ids] for name, values in self.task.privileged().items()},
            goal=self.goal[ids],
            manner=self.manner[ids],
            instructions=[i for i in (self.instructions[slot] for slot in ids) if i is not None],
            seed=self.seed[ids],
        )

    @property
    def rig(self) -> Rig:
        """What episodes here run on."""
        size = self.config.image_size
        return Rig(
            engine=engine_id(self.config.engine),
            renderer=self.view.renderer.id,
            image_size=(size, size),
        )
