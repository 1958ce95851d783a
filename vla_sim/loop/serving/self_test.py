"""The replay self-test of a contract: what goes through it and back is still what it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy, expert_policy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig
from vla_sim.eval.statistics import wilson
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.serving.contracts import check_contract, contract_of
from vla_sim.loop.serving.reading import Reader, Session
from vla_sim.loop.serving.translation import Translation
from vla_sim.loop.serving.wire import pack, unpack
from vla_sim.ranges import whole
from vla_sim.records.contract import Contract
from vla_sim.records.reports import Estimate
from vla_sim.records.teacher_input import TeacherInput


@dataclass(frozen=True, kw_only=True)
class ContractRun:
    """Settings of a look at a contract."""

    name: str = "libero"
    """native, libero, or a .toml or .json file of your own."""
    task: str = "Lift"
    """The task whose robot it is held against, by name."""
    episodes: int = 20
    """Scenes in which the expert's actions go through it and back."""
    crank: CrankConfig = field(default_factory=lambda: CrankConfig(image_size=224))

    def __post_init__(self) -> None:
        task_id_of(self.task)
        whole(1, 1000, episodes=self.episodes)


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """What came of it.

    Attributes:
        contract: What was tested.
        task_id: On which task.
        direct: Success of the expert as it is.
        through: Success of its actions after they went through the contract and back.
        action_error: Largest difference of a normalised action that went through and back.
        proprio_error: {component: largest difference of what a server would read}; empty where the
            contract does not tell a policy of ours enough.
        unread: Why a server of ours could not serve it, if it could not.
    """

    contract: Contract
    task_id: str
    direct: Estimate
    through: Estimate
    action_error: float
    proprio_error: Mapping[str, float]
    unread: str

    @property
    def holds(self) -> bool:
        """The expert succeeds as often through the contract as without it."""
        return self.through.value >= self.direct.value


def self_test(run: ContractRun) -> SelfTest:
    """Send the expert's actions through a contract, as bytes, and back, and run what arrives.

    Raises:
        BadConfig: If the contract does not fit the task; the error has both sides.
        UnknownName: If there is no such contract or task, or nobody teaches the task.
    """
    task_id = task_id_of(run.task)
    n = min(run.episodes, 16)
    crank = Crank(task_id, n, run.crank)
    contract = contract_of(run.name, crank.embodiment)
    check_contract(contract, crank)
    plan = plan_episodes(task_id, range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + run.episodes))
    expert = expert_policy(task_id, crank.task)
    through = _Through(expert, Translation(contract, crank.embodiment))
    direct, replayed = (
        [episode.success_at_end for episode in run_all(crank, actor, plan)]
        for actor in (expert, through)
    )
    return SelfTest(
        contract=contract,
        task_id=task_id,
        direct=wilson(sum(direct), len(direct)),
        through=wilson(sum(replayed), len(replayed)),
        action_error=through.action_error,
        proprio_error=through.proprio_error,
        unread=through.unread,
    )


class _Through:
    """An expert whose actions, and whose robot's senses, travel as messages of a contract."""

    def __init__(self, expert: ExpertPolicy, translation: Translation) -> None:
        self.expert = expert
        self.translation = translation
        self.n_action_steps = expert.n_action_steps
        self.needs_images = "scene" in translation.contract.sights
        self.cameras = translation.contract.sights
        self.action_error = 0.0
        self.proprio_error: dict[str, float] = {}
        self.unread = ""
        self._sessions: dict[int, Session] = {}
        self._reader: Reader | None = None
        try:
            self._reader = Reader(translation, image_px=0, steps=self.n_action_steps)
        except BadConfig as error:
            self.unread = str(error)

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """The expert's chunk, as it comes back."""
        chunk = np.asarray(self.expert.teach(known), dtype=np.float32)
        out = chunk.copy()
        told = known.told
        for place, row in enumerate(told.row.tolist()):
            tool = told.observation.tool
            pose = None if tool is None else tool[place].astype(np.float64)
            answer = unpack(pack(self.translation.answer(chunk[place], pose)))
            out[place] = self.translation.chunk(answer, pose)
            if told.step[place] == 0:
                self._sessions[row] = Session(row=row, task_id=told.task_id)
            message = unpack(pack(self.translation.message(told, place)))
            self._note(message, self._sessions[row], told.observation.proprio[place])
        self.action_error = max(self.action_error, float(np.abs(out - chunk).max()))
        return out

    def _note(self, message: object, session: Session, proprio: NDArray[np.float32]) -> None:
        if self._reader is None:
            return
        read = self._reader.read(message, session)
        for name, error in zip(
            self.translation.body.proprio_names, np.abs(read.proprio - proprio), strict=True
        ):
            self.proprio_error[name] = max(self.proprio_error.get(name, 0.0), float(error))
