"""Cells of studies made by hand, for tests of what is read off them."""

from vla_sim.loop.studying.cell_values import CellValues, Recalled, TaskValues

REACH = "vla_sim/Reach-v1"


def told(outcomes: str, *, manner: float = 1.0, violated: float = 0.0) -> TaskValues:
    """Episodes by their outcomes: "1101"."""
    return TaskValues(
        n=len(outcomes),
        success=outcomes.count("1") / len(outcomes),
        manner_kept=manner,
        comfortable=0.5,
        violated=violated,
        collided=violated,
        outcomes=outcomes,
    )


def values(
    hits: int, n: int = 100, *, vl: float = 0.5, cpu_s: float | None = 120.0, manner: float = 1.0
) -> CellValues:
    """A cell of one task whose first episodes succeed, and two in ten fewer in other words."""
    fewer = max(hits - n // 5, 0)
    return CellValues(
        tasks={
            REACH: {
                "correct": told("1" * hits + "0" * (n - hits), manner=manner),
                "held_out": told("1" * fewer + "0" * (n - fewer)),
                "swapped": told("0" * n),
            }
        },
        recalls={"V->L": Recalled(value=vl, chance=0.1)},
        gallery=66,
        updates=1000,
        cpu_s=cpu_s,
    )
