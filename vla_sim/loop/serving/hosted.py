"""Hosted: a policy of ours as a server holds it, for some robots, many rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.tolerated import ToleratedPolicy, in_a_line
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig, BadMessage, VlaSimError
from vla_sim.loop.choice import Choice
from vla_sim.loop.policies import policy_for
from vla_sim.loop.serving.contracts import NATIVE, contract_of
from vla_sim.loop.serving.reading import Moment, Reader, Session
from vla_sim.loop.serving.remote import OURS
from vla_sim.loop.serving.translation import OWN_SEED, STEP, TASK, Message, Translation
from vla_sim.protocols.task import Task
from vla_sim.protocols.teacher import Teacher
from vla_sim.records.contract import ActionTerms, CameraTerms, Contract
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import Observation, PolicyInput
from vla_sim.version import __version__

_TRIED_PX = 64
"""Size of the blank picture that a policy is tried with which does not say what it wants."""
_MOST_TASKS = 64


class HostedPolicy:
    """Answers messages; what it remembers it remembers by session.

    Attributes:
        metadata: What clients are told first.
    """

    def __init__(self, choice: Choice, *, contract: str, task_ids: Sequence[str], steps: int = 0):
        """Load the policy, and try it on each robot.

        Args:
            choice: The policy with its switches.
            contract: Name or file of what clients speak.
            task_ids: Tasks whose robots are served, whatever the task; the first is meant where a
                client names none.
            steps: Control steps that a client without our keys runs of a chunk; 0: as many as the
                policy itself.

        Raises:
            BadConfig: If it is a teacher, or the contract fits none of the robots.
            DamagedFile: If its files are damaged.
        """
        self._choice = choice
        self._contract_name = contract
        self._steps = steps
        self._policies: dict[str, ToleratedPolicy] = {}
        self._robots: dict[str, _Robot] = {}
        self._robot_of: dict[str, tuple[str, str]] = {}
        self.default_task = task_ids[0]
        refused = []
        for task_id in task_ids:
            task = make_task(task_id)
            try:
                self._serve(task_id, task)
            except BadConfig as error:
                refused.append(str(error))
        if not self._robots:
            raise BadConfig("; ".join(dict.fromkeys(refused)))
        self.metadata: Message = {
            OURS: {
                "version": __version__,
                "policy": Path(choice.name).name,
                "contracts": {name: robot.contract.plain for name, robot in self._robots.items()},
            }
        }

    def session(self, row: int) -> Session:
        """A new connection."""
        return Session(row=row, task_id=self.default_task)

    def end(self, session: Session) -> None:
        """Forget a connection."""
        ids = np.array([session.row])
        for policy in self._policies.values():
            policy.reset(ids)

    def read(self, message: object, session: Session) -> Moment:
        """What a message says.

        Raises:
            BadMessage: If it is not what the contract says.
        """
        named = message.get(TASK, session.task_id) if isinstance(message, Mapping) else ""
        if not isinstance(named, str):
            raise BadMessage(f"{TASK}: the id of a task; {type(named).__name__} came")
        robot, _ = self._known(named or session.task_id)
        return self._robots[robot].reader.read(message, session)

    def answers(self, moments: Sequence[Moment]) -> list[Message | str]:
        """An answer to each, of many sessions at once; a text where the policy failed, or why.

        One moment at most of each session.
        """
        groups: dict[tuple[Any, ...], list[int]] = {}
        for place, moment in enumerate(moments):
            shapes = tuple(image.shape for image in moment.images.values())
            groups.setdefault((moment.task_id, *shapes), []).append(place)
        out: list[Message | str] = [""] * len(moments)
        for places in groups.values():
            told = [moments[place] for place in places]
            try:
                answers = self._group(told)
            except Exception as error:  # of one task, and others are asked beside it
                answers = [in_a_line(error) for _ in told]
            for place, answer in zip(places, answers, strict=True):
                out[place] = answer
        return out

    def _group(self, moments: Sequence[Moment]) -> list[Message | str]:
        """Answers to moments of one task, with pictures of one size."""
        task_id = moments[0].task_id
        name, camera = self._known(task_id)
        robot, policy = self._robots[name], self._policy(task_id)
        begins = np.array([m.session.row for m in moments if m.begins], dtype=np.int64)
        if len(begins):
            policy.reset(begins)
        cameras = {"scene": camera} if policy.needs_images else {}
        cameras |= {"wrist": "wrist"} if "wrist" in policy.cameras else {}
        told = _told(moments, robot.body, cameras)
        chunks = policy.whole(told)
        answers: list[Message | str] = []
        for moment, chunk in zip(moments, chunks, strict=True):
            if isinstance(chunk, str):
                answers.append(chunk)
            elif not np.isfinite(chunk).all():  # past the steps that are run here, not by everybody
                wrong = chunk[~np.isfinite(chunk)][0]
                answers.append(f"BadAction: {self._choice.name} returned {wrong}")
            else:
                tool = None if moment.tool is None else moment.tool.astype(np.float64)
                answer = robot.translation.answer(chunk, tool)
                if robot.contract.session:  # what the chunk is for: whoever asked sees if it is old
                    answer |= {STEP: moment.step, OWN_SEED: moment.own_seed}
                answers.append(answer)
        return answers

    def _serve(self, task_id: str, task: Task) -> None:
        body = task.robot.embodiment
        if body.name in self._robots:
            return
        policy = policy_for(self._choice, task_id, task)
        if isinstance(policy, Teacher):
            raise BadConfig(
                f"{self._choice.name!r} is a teacher: it is given the true state, which no message "
                "holds; serve a policy"
            )
        hosted = ToleratedPolicy(policy)
        px = int(getattr(getattr(policy, "model", None), "image_px", 0))
        agreed = contract_of(self._contract_name, body)
        contract = agreed if agreed.name != NATIVE else _native_for(agreed, hosted, px)
        translation = Translation(contract, body)
        steps = self._steps or contract.actions.run or hosted.n_action_steps
        reader = Reader(translation, image_px=px, steps=steps)
        robot = _Robot(body=body, contract=contract, translation=translation, reader=reader)
        wanted = (*(["scene"] if hosted.needs_images else []), *hosted.cameras)
        if blind := [sight for sight in wanted if sight not in contract.sights]:
            raise BadConfig(
                f"the contract {contract.name!r} has no picture of {', '.join(blind)}, which "
                f"{self._choice.name} looks at"
            )
        self._policies[task_id] = hosted
        self._robots[body.name] = robot
        self._robot_of[task_id] = body.name, task.camera.name
        self._try(task_id, robot)

    def _try(self, task_id: str, robot: "_Robot") -> None:
        """One answer to a blank message: what cannot be served is refused before anybody asks."""
        session = Session(row=-1, task_id=task_id)
        moment = robot.reader.read(robot.translation.blank(task_id, _TRIED_PX), session)
        (answer,) = self._group([moment])
        self.end(session)
        if isinstance(answer, str):
            del self._policies[task_id], self._robots[robot.body.name], self._robot_of[task_id]
            raise BadConfig(answer)

    def _known(self, task_id: str) -> tuple[str, str]:
        """Robot and camera of a task.

        Raises:
            BadMessage: If there is no such task, or its robot is not served.
        """
        if task_id not in self._robot_of:
            if len(self._robot_of) >= _MOST_TASKS:
                raise BadMessage(f"{len(self._robot_of)} tasks are served, which is as many as go")
            try:
                task = make_task(task_id) if task_id.startswith("vla_sim/") else None
            except VlaSimError as error:
                raise BadMessage(in_a_line(error)) from error
            robot = "" if task is None else task.robot.embodiment.name
            if task is None or robot not in self._robots:
                listed = ", ".join(self._robots)
                raise BadMessage(f"{task_id!r} is no task for {listed}, which are served here")
            self._robot_of[task_id] = robot, task.camera.name
        return self._robot_of[task_id]

    def _policy(self, task_id: str) -> ToleratedPolicy:
        if task_id not in self._policies:
            policy = policy_for(self._choice, task_id, make_task(task_id))
            assert not isinstance(policy, Teacher), "refused when it was first made"
            self._policies[task_id] = ToleratedPolicy(policy)
        return self._policies[task_id]


@dataclass(frozen=True, kw_only=True)
class _Robot:
    """What is served of one robot."""

    body: Embodiment
    contract: Contract
    translation: Translation
    reader: Reader


def _native_for(agreed: Contract, policy: ToleratedPolicy, px: int) -> Contract:
    """The native contract with the pictures that a policy looks at, and the steps that it runs."""
    plain = agreed.plain
    cameras = [CameraTerms(key="observation/image", size=px)] if policy.needs_images else []
    if "wrist" in policy.cameras:
        cameras.append(CameraTerms(key="observation/wrist_image", camera="wrist", size=px))
    actions = ActionTerms(**{**plain["actions"], "run": policy.n_action_steps})
    return Contract(
        name=agreed.name,
        cameras=tuple(cameras),
        state=agreed.state,
        actions=actions,
        session=agreed.session,
    )


def _told(moments: Sequence[Moment], body: Embodiment, cameras: Mapping[str, str]) -> PolicyInput:
    """What a policy is given of m moments, as `Crank.told` gives it; {sight: its camera}."""

    def stacked(name: str) -> NDArray[np.float32] | None:
        rows = [getattr(moment, name) for moment in moments]
        return None if rows[0] is None else np.stack(rows)

    images = {
        camera: np.stack([moment.images[sight] for moment in moments])
        for sight, camera in cameras.items()
    }
    return PolicyInput(
        observation=Observation(
            images=images,
            proprio=np.stack([moment.proprio for moment in moments]),
            time_s=np.array([moment.time_s for moment in moments]),
            joints=stacked("joints"),
            tool=stacked("tool"),
        ),
        instructions=[moment.words for moment in moments],
        task_id=moments[0].task_id,
        embodiment=body,
        row=np.array([moment.session.row for moment in moments]),
        step=np.array([moment.step for moment in moments]),
        own_seed=np.array([moment.own_seed for moment in moments]),
    )
