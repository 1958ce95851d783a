"""Return against success: a policy that is paid more while it succeeds less hacks its reward."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vla_sim.agents.rl_roster import EPISODES, RETURN, SUCCESS

SURE = 2.0
"""Standard errors by which success has to have fallen."""


def watched(rows: Sequence[Mapping[str, Any]], windows: Mapping[str, int]) -> list[str]:
    """What to warn of, for each task apart: which ones are practised changes what all return.

    Args:
        rows: Of a learning curve, with columns for each task.
        windows: {short name of a task: episodes of a full window}; "" for all that was practised.
    """
    warnings = []
    for name, window in windows.items():
        columns = {"success": "success", "return": "return", "n_episodes": "n_episodes"}
        if name:
            columns = {
                "success": SUCCESS + name,
                "return": RETURN + name,
                "n_episodes": EPISODES + name,
            }
        of_task = [
            {"env_steps": row["env_steps"], **{k: row[column] for k, column in columns.items()}}
            for row in rows
        ]
        if warning := parted(of_task, window):
            warnings.append(f"{name}: {warning}" if name else warning)
    return warnings


def parted(rows: Sequence[Mapping[str, Any]], window: int) -> str:
    """What to warn of, by the rows of a learning curve; "" where return and success agree.

    The newest row is compared with the one of the highest success before it.

    Args:
        rows: With `success` and `return` over the last `window` episodes, and `n_episodes`.
        window: Episodes of a full window; rows of fewer say nothing.
    """
    full = [row for row in rows if row["n_episodes"] >= window and row["return"] is not None]
    if len(full) < 2:
        return ""
    now, before = full[-1], max(full[:-1], key=lambda row: float(row["success"]))
    fell = before["success"] - now["success"]
    spread = sum(row["success"] * (1.0 - row["success"]) for row in (before, now)) / window
    if fell <= SURE * math.sqrt(spread) or now["return"] <= before["return"]:
        return ""
    return (
        f"return and success part: since {before['env_steps']:,} env steps the return rose from "
        f"{before['return']:.3f} to {now['return']:.3f} while success fell from "
        f"{100 * before['success']:.0f} to {100 * now['success']:.0f} %; what is paid is not what "
        "is wanted: see --reward.kind, --reward.terms and --reward.prior"
    )
