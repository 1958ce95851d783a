"""What a dataset decides for the run that learns from it, and what is said of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import SPINE
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.loop.aligning.dataset import fitted, note, opening_remarks, require_same_data
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.simulators import StationConfig
from vla_sim.triples.lerobot.contents import Contents

REACH, PARK = "vla_sim/Reach-v1", "vla_sim/Park-v0"
HELD = Contents(
    roots=(Path("data/ackermann_car"), Path("data/panda")),
    robots=("ackermann_car", "panda"),
    image_height=96,
    image_width=96,
    episodes={PARK: 2, REACH: 3},
    successes={PARK: 0, REACH: 3},
    frames={PARK: 1200, REACH: 90},
    left_out=("data/ur5e holds no episode yet",),
)
STATIONS = StationConfig()


def sized(px: int) -> StationConfig:
    return StationConfig(crank=CrankConfig(image_size=px))


def test_tasks_and_picture_size_follow_from_the_dataset() -> None:
    assert fitted(SPINE, STATIONS, HELD) == ((PARK, REACH), sized(96))
    assert fitted((REACH,), sized(96), HELD) == ((REACH,), sized(96))
    assert fitted(*fitted(SPINE, STATIONS, HELD), HELD) == fitted(SPINE, STATIONS, HELD)


def test_what_contradicts_the_dataset_is_refused_by_name() -> None:
    with pytest.raises(BadConfig, match=r"crank\.image_size is 80, .* are of 96 px"):
        fitted(SPINE, sized(80), HELD)
    with pytest.raises(BadConfig, match=r"holds Park, Reach, and none of .*\(Lift\)"):
        fitted(("vla_sim/Lift-v1",), STATIONS, HELD)
    with pytest.raises(UnknownName, match="no task of data 'vla_sim/Fly-v0'"):
        fitted(SPINE, STATIONS, replace(HELD, frames={"vla_sim/Fly-v0": 3}))


def test_what_is_not_evaluated_and_what_has_no_data_is_told() -> None:
    lines = opening_remarks((REACH, "vla_sim/Lift-v1"), HELD)
    assert lines == [
        "data: 1,290 frames (Park 1,200, Reach 90), 96 px, of ackermann_car, panda",
        "data/ur5e holds no episode yet",
        "learnt from and not evaluated: Park",
        "evaluated, though the data holds nothing of them: Lift",
        "no episode succeeded, so that no segment is learnt from: Park",
    ]


def test_a_run_goes_on_with_its_own_dataset_wherever_that_lies(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, {}, {}, verb="align", notes=note(HELD))
    require_same_data(folder, replace(HELD, roots=(Path("elsewhere"),)))
    grown = replace(HELD, frames={PARK: 1200, REACH: 91})
    for now, says in ((grown, r"not 1,291 frames \(Park 1,200, Reach 91\)"), (None, "no dataset")):
        with pytest.raises(RunFolderError, match=says):
            require_same_data(folder, now)
