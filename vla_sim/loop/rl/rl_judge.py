"""The judge of a finetuning: held-out scenes choose what is kept and say when to stop."""

from dataclasses import asdict, replace

from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import short_name
from vla_sim.eval.aggregate import eval_report
from vla_sim.eval.protocol import require_goes_on
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.eval.stopping import Bounded, decide, decisions
from vla_sim.loop.evaluation import (
    FINETUNE_SEEDS_FROM,
    ONLINE_SEEDS_FROM,
    bodies,
    make_protocol,
    planned,
)
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import RunFolder
from vla_sim.protocols.policy import Policy
from vla_sim.records.reports import EvalReport, StopDecision

REPORTS = "reports.jsonl"
DECISIONS = "decisions.json"
HELD_OUT = "held_out"
"""Column of the curve, and before a slash and a task's name."""
MOST_SLOTS = 50


class RlJudge:
    """Keeps the reports of one run and decides on each of them, by the joint score of alignment.

    The encoder's retrieval does not move while it is frozen, so that the score is success, less
    what lies above the bounds of the run.
    """

    def __init__(self, run: FinetuneRun, folder: RunFolder) -> None:
        """A judge that has seen nothing.

        Args:
            run: What is trained, and how it is judged.
            folder: Where reports and decisions go.
        """
        self.protocol = make_protocol(
            "online",
            tasks=run.task_ids,
            first_seed=FINETUNE_SEEDS_FROM,
            n_episodes=run.online_episodes // len(run.task_ids),
            crank=run.crank,
        )
        self.stopping = run.stopping
        self._bounded = Bounded(most=run.bounds.most, weight=run.bounds.excess)
        self.folder = folder
        self.history: list[EvalReport] = []
        self.decisions: list[StopDecision] = []
        self._plans = planned(self.protocol)
        self._bodies = bodies(run.task_ids)
        n_slots = min(MOST_SLOTS, self.protocol.n_episodes)
        self._cranks = {task_id: Crank(task_id, n_slots, run.crank) for task_id in run.task_ids}

    @property
    def says_stop(self) -> bool:
        """The newest decision ends the run."""
        return bool(self.decisions) and self.decisions[-1].stop

    @property
    def success(self) -> float:
        """Of the newest report, mean over tasks."""
        return sum(self.by_task.values()) / len(self.by_task)

    @property
    def keeps_start(self) -> bool:
        """Of several policies that were judged, none was better than the first."""
        return len(self.decisions) > 1 and not any(d.is_best for d in self.decisions[1:])

    @property
    def by_task(self) -> dict[str, float]:
        """{task: success} of the newest report."""
        name = self.stopping.success
        return {task.task_id: task.rates[name].value for task in self.history[-1].tasks}

    def numbers(self, *, is_new: bool) -> dict[str, float | None]:
        """What a line of the learning curve says of held-out scenes; None where it is no news."""
        found = {HELD_OUT: self.success if is_new else None}
        if len(self.protocol.tasks) > 1:
            for task_id in self.protocol.tasks:
                name = f"{HELD_OUT}/{short_name(task_id)}"
                found[name] = self.by_task[task_id] if is_new else None
        return found

    def judge(self, policy: Policy, *, step: int, elapsed_s: float) -> StopDecision:
        """Run the held-out scenes with a policy, report and decide."""
        report = eval_report(
            [
                episode
                for task_id, plan in self._plans.items()
                for episode in run_all(self._cranks[task_id], policy, plan)
            ],
            self._bodies,
            protocol=self.protocol,
            step=step,
            elapsed_s=elapsed_s,
            run_card=self.protocol.card,
        )
        self.history.append(report)
        decision = decide(self.history, self.stopping, self._bounded)
        self.decisions.append(decision)
        self.folder.append(REPORTS, {"report": to_json(report)})
        self._write_decisions()
        return decision

    def go_on(self, n_reports: int) -> None:
        """Put everything back to the first reports; those that came after are made again.

        A run that began with the scenes of alignments, as older versions did, stays with them.

        Raises:
            DamagedFile: If they cannot be read.
            ProtocolMismatch: If they were measured otherwise than here, as on another engine.
        """
        rows = list(self.folder.rows(REPORTS))[:n_reports]
        self.history = [from_json(row["report"]) for row in rows]
        former = replace(self.protocol, first_seed=ONLINE_SEEDS_FROM)
        if rows and self.history[0].protocol == former.stamp:
            self.protocol, self._plans = former, planned(former)
        require_goes_on(self.protocol, self.history)
        self.decisions = list(decisions(self.history, self.stopping, self._bounded)) if rows else []
        self.folder.keep_rows(REPORTS, rows)
        self._write_decisions()

    def _write_decisions(self) -> None:
        self.folder.write_json(DECISIONS, [asdict(decision) for decision in self.decisions])
