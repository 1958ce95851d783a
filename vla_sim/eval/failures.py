"""Why an episode failed, from what was measured alone."""

from vla_sim.eval.shaped_progress import shaped_progress
from vla_sim.records.episode import Episode

FAILURE_KINDS: dict[str, str] = {
    "policy_failed": "Who acted raised, or returned what is no chunk of actions.",
    "diverged": "The physics blew up.",
    "collision": "It hit what it must not hit.",
    "off_road": "It left the road.",
    "out_of_bounds": "It left the workspace.",
    "wrong_object": "It acted on another thing than the one that was asked for.",
    "not_held": "It met the condition, but did not keep it.",
    "did_not_move": "It went less than a tenth of the expert's path.",
    "timeout_near": "Time ran out after most of the way to the goal.",
    "timeout_far": "Time ran out far from the goal.",
    "ended_early": "The task ended the episode for a reason that the record does not name.",
}
"""Kinds in the order in which they are tried: the first that fits names the failure."""

NEAR = 0.4
"""Progress that counts as near."""
STILL = 0.1
"""Share of the expert's path below which nothing was tried."""
_BY_VIOLATION = {
    "collision": ("collision", "crash", "contact"),
    "off_road": ("off_road", "offroad"),
    "out_of_bounds": ("workspace", "bounds"),
    "wrong_object": ("wrong_object",),
}


def failure_kind(episode: Episode) -> str:
    """The first of `FAILURE_KINDS` that fits, or "" for an episode that ended in success.

    Near and far are told by `shaped_progress`.
    """
    if episode.success_at_end:
        return ""
    if episode.policy_failure:
        return "policy_failed"
    if episode.diverged:
        return "diverged"
    broken = [name for name, steps in episode.violations.items() if steps.any()]
    for kind, marks in _BY_VIOLATION.items():
        if any(mark in name for name in broken for mark in marks):
            return kind
    if episode.success_once:
        return "not_held"
    if episode.path_length_m < STILL * episode.expert_path_length_m:
        return "did_not_move"
    at_its_end = episode.hold_steps == 0 and episode.truncated
    if episode.terminated and not at_its_end:
        return "ended_early"
    return "timeout_near" if shaped_progress(episode) >= NEAR else "timeout_far"
