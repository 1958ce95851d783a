"""Rounds: most bring triples, every few bring episodes of the model, which the judge judges."""

from dataclasses import dataclass

from vla_sim.errors import LossNotFinite
from vla_sim.eval.health import health_report
from vla_sim.eval.report_file import to_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.given import Given, GivenRows
from vla_sim.loop.aligning.gradients import GRADIENTS, gradient_rows
from vla_sim.loop.aligning.health import batch_size, health_of
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.aligning.resuming import (
    LOSSES,
    REPORTS,
    checkpoint_at,
    save,
    write_decisions,
    written_down,
)
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import gallery_plan, planned
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.records.triple import Rows

UPDATES_PER_ROW = 25
"""Updates whose mean losses are one line of the history."""
EXPERT_FADES = 1.6
"""The expert's share falls by so much over a whole budget, down to its last."""


def first_harvest(run: AlignRun, simulators: AskedSimulators, monitor: Monitor) -> Given:
    """What is learnt from before the learner acts: the experts' first episodes."""
    monitor.waits_for("simulators start, experts show the tasks")
    simulators.ask_collect(None, expert_share=1.0, n_rows=run.warm_up_rows)
    harvest = simulators.harvest()
    monitor.harvested(harvest)
    return GivenRows(harvest.steps, harvest.segments, harvest.strips)


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What a round needs, and its two kinds. The learner learns while the simulators answer."""

    run: AlignRun
    folder: RunFolder
    simulators: AskedSimulators
    learner: Learner
    budget: Budget
    monitor: Monitor

    def turn(self, judge: Judge) -> None:
        """One round after the other until the budget is spent or the judge says stop."""
        n_round = 0
        while self.budget.left and not judge.says_stop:
            n_round += 1
            if n_round % self.run.rounds_per_evaluation:
                self.collect()
            else:
                self.evaluate(judge)
        if not judge.says_stop and not judge.has_seen(self.budget.n_spent):
            self.evaluate(judge)
        self.monitor.say(self.budget.cut or judge.decisions[-1].reason)

    def collect(self) -> None:
        """Learn, and take in what the simulators bring; from a dataset, only learn."""
        online = self.run.data is None
        if online:
            live = self.learner.save_model(self.folder.path / "live")
            share = max(self.run.last_expert_share, 1.0 - EXPERT_FADES * self.budget.fraction)
            self.simulators.ask_collect(live, expert_share=share, n_rows=self.run.rows_per_round)
        self._learn(self.run.updates_per_round)
        if online:
            with self.monitor.waiting():
                harvest = self.simulators.harvest()
            self.learner.remember(harvest.steps, harvest.segments, harvest.strips)
            self.monitor.harvested(harvest)

    def evaluate(self, judge: Judge) -> None:
        """Judge the model as it is now; the learner goes on meanwhile, if updates are left."""
        step, elapsed_s = self.budget.n_spent, self.budget.elapsed_s
        name = checkpoint_at(step)
        weights = self.learner.save_model(self.folder.path / name)
        self.simulators.ask_evaluate(str(weights), planned(judge.protocol))
        self._learn(self.run.updates_per_evaluation)
        model = LearnedModel.load(weights)
        with self.monitor.waiting():
            episodes = self.simulators.episodes()
        report, decision = judge.judge(model, episodes, step=step, elapsed_s=elapsed_s)
        assert report.retrieval is not None
        self.learner.measured(
            vl=report.retrieval.recall("V->L/R@10"), la=report.retrieval.recall("L->A/R@10")
        )
        self.learner.memory.attend_to(
            {judge.table.index(t.task_id): t.rates["success_at_end"].value for t in report.tasks}
        )
        if decision.is_best:
            health = health_of(
                model,
                judge.embedded,
                report.retrieval,
                judge.gallery,
                judge.table,
                step=step,
                temperatures=model.temperatures,
                batch=batch_size(
                    self.learner.memory, self.run.learner.trainer, self.learner.trainer.crew.size
                ),
            )
            self.folder.write_text(f"{name}/{health_report.FILE}", health_report.to_json(health))
        self.folder.append(REPORTS, {"checkpoint": name, "report": to_json(report)})
        write_decisions(self.folder, judge)
        save(self.folder, self.learner, judge, self.budget)
        self.monitor.judged(report, decision, self.learner.trainer.curriculum)

    def gallery(self, *, learns: bool) -> Rows:
        """The held-out gallery.

        Args:
            learns: Use the wait; not so where the learner goes on from a later point.
        """
        self.simulators.ask_gallery(gallery_plan(self.run.task_ids, self.run.gallery_per_task))
        self.monitor.waits_for("experts fill the held-out gallery")
        if learns:
            self._learn(self.run.updates_per_evaluation)
        return self.simulators.rows()

    def _learn(self, n_updates: int) -> None:
        """So many updates, or as many as the budget still has."""
        budget, learner = self.budget, self.learner
        end = budget.n_spent + n_updates
        while n := min(UPDATES_PER_ROW, end - budget.n_spent, budget.left):
            try:
                losses = learner.learn(
                    n, spent=budget.n_spent, budget=budget.n_steps, on_update=self.monitor.on_update
                )
            except LossNotFinite as error:
                raise written_down(error, self.folder, learner) from error
            for seen in gradient_rows(losses, n_before=budget.n_spent):
                self.folder.append(GRADIENTS, seen)
            budget.spend(n)
            row = self.monitor.learnt(losses, budget, learner.trainer.curriculum.stage)
            self.folder.append(LOSSES, row)
