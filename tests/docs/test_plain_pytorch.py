"""The hundred lines of the page learn: at full length, success rises to what the page says."""

from typing import Any

import pytest
import torch

from tests.docs.test_docs import DOCS, blocks

N_UPDATES = 40
PAGE = DOCS / "en" / "plain-pytorch.md"


def page() -> dict[str, Any]:
    """What the page defines, without its last lines, which train for one update."""
    namespace: dict[str, Any] = {"__name__": "plain_pytorch"}
    script, measuring = (code for _, code in blocks(PAGE)[:2])
    exec(compile(script, str(PAGE), "exec"), namespace)
    exec(compile(measuring.partition("agent, curve =")[0], str(PAGE), "exec"), namespace)
    return namespace


def test_the_script_has_about_a_hundred_lines_and_nothing_of_our_loop() -> None:
    script = blocks(PAGE)[0][1]
    assert len(script.splitlines()) <= 110
    assert [line for line in script.splitlines() if "vla_sim" in line] == [
        "import vla_sim  # registers the tasks",
        'TASK, N_ENVS, N_STEPS = "vla_sim/Reach-v1", 32, 64',
    ]
    assert "stable_baselines3" not in script


@pytest.mark.slow
def test_success_rises() -> None:
    torch.set_num_threads(1)
    defined = page()
    agent, curve = defined["train"](N_UPDATES)
    for steps, rate in curve:
        print(f"{steps:,} env steps: success {100 * rate:.0f} % of the last 100 episodes")
    won = defined["success"](agent)
    print(f"{100 * won:.0f} % of 50 scenes that it never saw, acting by the mean")
    assert curve[4][1] < 0.3 and curve[-1][1] >= 0.9
    assert won >= 0.9
