"""Verdict: the report in a few sentences and tiles, read off its numbers."""

from dataclasses import dataclass

from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.report.change_tables import change_sentences
from vla_sim.eval.report.content import Practice, ReportInput
from vla_sim.eval.report.numbers import clock, interval, percent, points, short
from vla_sim.records.reports import EvalReport


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number that a hurried reader takes away."""

    title: str
    value: str
    note: str


def sentences(content: ReportInput) -> list[str]:
    """What was found, what the words are worth, and where training stopped and why."""
    said: list[str] = []
    if content.change is not None:
        said.extend(change_sentences(content.change))
    final = content.final
    if final is not None:
        said.extend(_of_final(final, content.success))
    if content.history:
        said.extend(_of_training(content))
    if content.practice is not None:
        said.extend(_of_practice(content.practice))
    return said or ["This report holds no measurement yet."]


def tiles(content: ReportInput) -> list[Tile]:
    """The headline numbers that the report has."""
    final = content.final
    if final is None:
        return []
    shown: list[Tile] = []
    overall = overall_rate(final, content.success)
    if overall is not None:
        note = f"{interval(overall)} · n = {overall.n}"
        shown.append(Tile(title="Success", value=percent(overall.value), note=note))
        weakest = _weakest(final, content.success)
        shown.append(Tile(title="Weakest task", value=percent(weakest[1]), note=weakest[0]))
    if content.change is not None and content.change.comparison is not None:
        moved = content.change.comparison.overall[0].difference
        spread = f"{points(moved.low)} to {points(moved.high)}".replace(" pp to", " to")
        note = f"{spread}, {moved.n} pairs"
        shown.append(Tile(title="Against before", value=points(moved.value), note=note))
    for arm, title in (("swapped", "Told another goal"), ("empty", "Told nothing")):
        rate = overall_rate(final, content.success, arm)
        if rate is not None:
            guess = percent(_guess(final, arm))
            note = f"{interval(rate)} · guess {guess}"
            shown.append(Tile(title=title, value=percent(rate.value), note=note))
    if final.retrieval is not None and "V->L/R@10" in final.retrieval.values:
        chance = percent(final.retrieval.chance["V->L/R@10"])
        shown.append(
            Tile(
                title="V → L R@10",
                value=percent(final.retrieval.values["V->L/R@10"]),
                note=f"chance {chance} · gallery {final.retrieval.gallery_size}",
            )
        )
    manner = overall_rate(final, "manner_kept")
    if manner is not None:
        note = f"{interval(manner)} · adverbs obeyed"
        shown.append(Tile(title="Manner kept", value=percent(manner.value), note=note))
    return shown


def _of_final(final: EvalReport, success: str) -> list[str]:
    overall = overall_rate(final, success)
    if overall is None:
        return ["The benchmark holds no success under the true instruction."]
    name, value = _weakest(final, success)
    said = [
        f"The model succeeds in {percent(overall.value)} of {overall.n} episodes "
        f"(95 % interval {interval(overall)}); its weakest task is {name} at {percent(value)}."
    ]
    swapped = overall_rate(final, success, "swapped")
    empty = overall_rate(final, success, "empty")
    if swapped is not None:
        listens = swapped.high < overall.low
        said.append(
            f"It {'acts on' if listens else 'does not clearly act on'} its instruction: told "
            f"another goal of the scene, it reaches the true one in {percent(swapped.value)}."
        )
    if empty is not None:
        guess = _guess(final, "empty")
        said.append(
            f"Told nothing, it succeeds in {percent(empty.value)}, where guessing among the "
            f"scene's goals gives {percent(guess)}."
        )
    for arm, what in (
        ("held_out", "In wording that it never saw"),
        ("other_language", "In the other language"),
    ):
        gap = final.gains.get(f"all/{arm}")
        if gap is not None:
            said.append(
                f"{what}, its success changes by {points(-gap.value)} "
                f"({points(-gap.high)[:-3]} to {points(-gap.low)})."
            )
    return said


def _of_training(content: ReportInput) -> list[str]:
    kept, stopped = content.kept, content.stopped
    end = len(content.history) - 1 if stopped is None else stopped
    when = f"after {clock(content.history[end].elapsed_s)}, at evaluation {end + 1}"
    said = [f"Training ran to its end {when}."]
    if stopped is not None:
        said = [f"Training stopped by itself {when}: {content.decisions[end].reason}."]
    if kept is not None:
        said.append(
            f"The checkpoint of evaluation {kept + 1}, step {content.history[kept].step}, was "
            f"kept: {content.decisions[kept].reason}."
        )
    return said


def _of_practice(practice: Practice) -> list[str]:
    last = practice.rows[-1]
    took = f"{last['env_steps']:,.0f} control steps in {clock(last['elapsed_s'])}"
    said = [f"{practice.learner} practised for {took}."]
    if "success" in last:
        said[0] = (
            f"{said[0][:-1]}; at the end {percent(last['success'])} of the last {practice.window} "
            "training episodes succeeded, exploration and all."
        )
    if practice.steps_to_80 is None:
        said.append(f"It never had 80 % of {practice.window} training episodes succeed.")
    else:
        said.append(
            f"80 % of {practice.window} training episodes succeeded after "
            f"{practice.steps_to_80:,} control steps."
        )
    # The start is judged before the first round: only later judgements are in rows.
    if practice.kept_at == 0 and any("held_out" in row for row in practice.rows):
        said.append("The start was kept: on held-out scenes nothing that was learnt was better.")
    return said


def _weakest(report: EvalReport, success: str) -> tuple[str, float]:
    rates = {
        t.task_id: t.rates[success].value
        for t in report.tasks
        if t.arm == "correct" and success in t.rates
    }
    task = min(rates, key=lambda name: rates[name])
    return short(task), rates[task]


def _guess(report: EvalReport, arm: str) -> float:
    rates = [t.guess_rate for t in report.tasks if t.arm == arm]
    return sum(rates) / len(rates)
