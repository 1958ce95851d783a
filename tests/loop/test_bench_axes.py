"""A bench along a domain axis: other episodes, another stamp, the right crank."""

from dataclasses import replace

import pytest
from rich.console import Console

from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.evaluation import make_protocol, planned
from vla_sim.records.shift import NO_SHIFT, Shift

REACH = "vla_sim/Reach-v1"
QUICK = BenchRun(
    policy="zero", tasks=("Reach",), episodes=2, arms=("correct",), n_processes=1, n_slots=2
)


def test_a_bench_runs_along_an_axis_that_needs_another_crank() -> None:
    run = replace(QUICK, axis="distractors", severity=1)
    report = bench(run, Console(quiet=True))
    assert report.run_card["protocol/axis"] == '"distractors"'
    assert report.run_card["protocol/severity"] == "1"
    assert report.tasks[0].rates["success_at_end"].n == 2


def test_the_protocol_says_axis_renderer_and_engine() -> None:
    def made(shift: Shift) -> tuple[str, str, str]:
        protocol = make_protocol(
            "p", tasks=(REACH,), first_seed=0, n_episodes=1, shift=shift, crank=CrankConfig()
        )
        specs = planned(protocol)[REACH]
        assert {spec.shift for spec in specs} == {shift}
        return protocol.stamp, protocol.renderer, protocol.engine

    plain = made(NO_SHIFT)
    smooth = made(Shift(axis="renderer", severity=2))
    fine = made(Shift(axis="engine", severity=1))
    assert smooth[1] == "raycast-v1-smooth"
    assert fine[2].startswith("mujoco-half-step ")
    assert plain[1:] == ("raycast-v1", fine[2].replace("-half-step", ""))
    assert len({plain[0], smooth[0], fine[0], made(Shift(axis="light", severity=1))[0]}) == 4


def test_severity_0_of_an_axis_is_the_protocol_without() -> None:
    one, two = (
        make_protocol(
            "p", tasks=(REACH,), first_seed=0, n_episodes=1, shift=shift, crank=CrankConfig()
        )
        for shift in (NO_SHIFT, Shift(axis="light"))
    )
    assert one.stamp == two.stamp


def test_a_bench_refuses_what_does_not_exist() -> None:
    with pytest.raises(UnknownName, match="no axis 'fog'"):
        replace(QUICK, axis="fog", severity=1)
    with pytest.raises(BadConfig, match=r"axis 'camera' has no severity; give 1 to 3 .*leave the"):
        replace(QUICK, axis="camera")
    with pytest.raises(BadConfig, match="severity 7 of axis 'light'"):
        replace(QUICK, axis="light", severity=7)
