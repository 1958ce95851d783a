"""The judge of a finetuning: held-out scenes choose what is kept and say when to stop."""

from dataclasses import asdict

from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import run_all
from vla_sim.eval.aggregate import eval_report
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.eval.stopping import decide, decisions
from vla_sim.loop.evaluation import ONLINE_SEEDS_FROM, bodies, make_protocol, planned
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import RunFolder
from vla_sim.protocols.policy import Policy
from vla_sim.records.reports import EvalReport, StopDecision

REPORTS = "reports.jsonl"
DECISIONS = "decisions.json"
MOST_SLOTS = 50


class RlJudge:
    """Keeps the reports of one run and decides on each of them, by the joint score of alignment.

    The encoder's retrieval does not move while it is frozen, so that the score is success.
    """

    def __init__(self, run: FinetuneRun, folder: RunFolder) -> None:
        """A judge that has seen nothing.

        Args:
            run: What is trained, and how it is judged.
            folder: Where reports and decisions go.
        """
        self.protocol = make_protocol(
            "online",
            tasks=(run.task_id,),
            first_seed=ONLINE_SEEDS_FROM,
            n_episodes=run.online_episodes,
            crank=run.crank,
        )
        self.stopping = run.stopping
        self.folder = folder
        self.history: list[EvalReport] = []
        self.decisions: list[StopDecision] = []
        self._plan = planned(self.protocol)[run.task_id]
        self._bodies = bodies((run.task_id,))
        self._crank = Crank(run.task_id, min(MOST_SLOTS, run.online_episodes), run.crank)

    @property
    def says_stop(self) -> bool:
        """The newest decision ends the run."""
        return bool(self.decisions) and self.decisions[-1].stop

    @property
    def success(self) -> float:
        """Of the newest report."""
        return self.history[-1].tasks[0].rates[self.stopping.success].value

    def judge(self, policy: Policy, *, step: int, elapsed_s: float) -> StopDecision:
        """Run the held-out scenes with a policy, report and decide."""
        report = eval_report(
            run_all(self._crank, policy, self._plan),
            self._bodies,
            protocol=self.protocol,
            step=step,
            elapsed_s=elapsed_s,
            run_card=self.protocol.card,
        )
        self.history.append(report)
        decision = decide(self.history, self.stopping)
        self.decisions.append(decision)
        self.folder.append(REPORTS, {"report": to_json(report)})
        self._write_decisions()
        return decision

    def go_on(self, n_reports: int) -> None:
        """Put everything back to the first reports; those that came after are made again.

        Raises:
            DamagedFile: If they cannot be read.
        """
        rows = list(self.folder.rows(REPORTS))[:n_reports]
        self.history = [from_json(row["report"]) for row in rows]
        self.decisions = list(decisions(self.history, self.stopping)) if rows else []
        self.folder.keep_rows(REPORTS, rows)
        self._write_decisions()

    def _write_decisions(self) -> None:
        self.folder.write_json(DECISIONS, [asdict(decision) for decision in self.decisions])
