"""Remarks: what did not come to act in a run, told once and with the way out."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.aligning.memory import Memory
from vla_sim.records.triple import Rows
from vla_sim.triples.buffer import TripleBuffer
from vla_sim.triples.stored_memory import StoredMemory


def memory_remarks(
    memory: Memory, steps: Rows, segments: Rows | None, table: TaskTable
) -> list[str]:
    """What became of the first rows that a memory was given, a line for each thing to be known.

    Args:
        memory: The memory, after it took them in.
        steps: Rows of StepTriples.
        segments: Rows of SegmentTriples, or None.
        table: The tasks that they count by.
    """
    said = [
        left_out("step triples", memory.steps, steps, table, option="n_steps"),
        ""
        if segments is None
        else left_out("segments", memory.segments, segments, table, option="n_segments"),
        few_meanings(memory),
    ]
    return [line for line in said if line]


def left_out(
    what: str, ring: TripleBuffer | StoredMemory, rows: Rows, table: TaskTable, *, option: str
) -> str:
    """Which of the rows had no room, task by task; empty where all are in."""
    tasks, counts = np.unique(rows["task"], return_counts=True)
    held = ring.held
    if sum(held.values()) >= counts.sum():
        return ""
    each = ", ".join(
        f"{short_name(table.ids[task])} {held.get(task, 0):,} of {n:,}"
        for task, n in zip(tasks.tolist(), counts.tolist(), strict=True)
    )
    n_bytes = sum(values[:1].nbytes for values in rows.values()) * int(counts.sum())
    return (
        f"{sum(held.values()):,} of {counts.sum():,} {what} are learnt from, evenly over tasks and "
        f"episodes: {each}. All of them take {n_bytes / 1e9:.1f} GB: learner.memory.{option} = "
        f"{counts.sum()}"
    )


def few_meanings(memory: Memory) -> str:
    """That batches of segments are small, or that there are none; empty where they are whole."""
    wanted, now = memory.config.batch_segments, memory.segments_per_batch
    if now >= wanted:
        return ""
    n = memory.segments.n_groups
    if not now:
        return (
            f"the segments have {n} meanings: there is nothing to tell apart, so that the "
            "contrastive terms rest until there are more"
        )
    return (
        f"the segments have {n} meanings, each at most {memory.config.max_duplicates} times in a "
        f"batch: batches of {now} instead of {wanted} until there are more"
    )


def silent_terms(
    wanted: Mapping[str, float],
    losses: Iterable[Mapping[str, Any]],
    *,
    still: Mapping[str, int] | None = None,
) -> list[str]:
    """Terms of the objective that have taught nothing in a whole run, a line for each.

    Args:
        wanted: {term: weight} of the run's settings; terms of weight 0 are not spoken of.
        losses: Rows of the history of losses.
        still: {term: looks in vain}, see `Pulls`.
    """
    history, still = list(losses), still or {}
    said = []
    for name in (name for name, weight in wanted.items() if weight > 0.0):
        values = [float(row[name]) for row in history if name in row]
        if not values:
            said.append(
                f"the term {name} was never taken: its stage of the curriculum, or the triples "
                "that it needs, did not come; a longer run or another curriculum brings it in"
            )
        elif not any(values):
            said.append(
                f"the term {name} was zero from the first update to the last and has taught "
                "nothing: a bound that is never reached, or labels that never differ"
            )
        elif name in still:
            said.append(
                f"the term {name} was not zero and had no gradient in any of {still[name]} looks "
                "over the run, so it has taught nothing: all that it is computed from is frozen, "
                "detached or clamped"
            )
    return said
