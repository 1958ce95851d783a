"""What a spawned process runs; it imports nothing of vla-sim by itself."""

import gymnasium


def first_instruction(task_id: str, seed: int) -> str:
    """What a fresh process is told in the episode of a seed."""
    _, info = gymnasium.make(task_id).reset(seed=seed)
    instruction: str = info["instruction"]
    return instruction
