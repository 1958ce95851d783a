"""`--resume --out DIR` goes on with what is in DIR; what is typed beside it counts."""

from functools import partial
from pathlib import Path

import pytest

from vla_sim.cli.going_on import going_on
from vla_sim.cli.options import override
from vla_sim.cli.verbs import VERBS
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import RunFolderError
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.loop.opening import refuse_place
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json

VERB = VERBS["collect"]
BEGUN = CollectRun(seed=3, tasks=("Lift",), episodes=7, crank=CrankConfig(image_size=32))


def resumed(out: Path, *words: str, is_named: bool = False) -> CollectRun:
    """What a command line comes to."""
    typed = partial(override, words=["--resume", "--out", str(out), *words], prog="p")
    asked = typed(VERB.settings(None))
    run = going_on(VERB, "collect", asked, is_named=is_named, typed=typed)
    assert isinstance(run, CollectRun) and run.resume and run.out == out
    return run


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return RunFolder.create(tmp_path / "moved", to_json(BEGUN), {}, verb="collect").path


def check(run: CollectRun) -> None:
    refuse_place(run.out, run, verb="collect", resume=True, may=VERB.may_change())


def test_what_is_not_typed_is_as_it_was_begun(out: Path) -> None:
    run = resumed(out, "--episodes", "9", "--crank.n-threads", "2")
    assert (run.seed, run.tasks, run.episodes) == (3, ("Lift",), 9)
    assert run.crank == CrankConfig(image_size=32, n_threads=2)
    check(run)


def test_what_is_typed_has_to_agree_or_be_one_that_may_change(out: Path) -> None:
    check(resumed(out, "--seed", "3"))
    with pytest.raises(
        RunFolderError, match=r"begun with seed = 3, not 4\. .*only out, resume, .*"
    ):
        check(resumed(out, "--seed", "4"))


def test_a_recipe_that_is_named_has_to_be_the_one_it_was_begun_with(out: Path) -> None:
    with pytest.raises(RunFolderError, match=r"seed = 3, not 0; crank\.image_size = 32, not 64"):
        check(resumed(out, is_named=True))
    run = resumed(out, "--seed", "3", "--crank.image-size", "32", is_named=True)
    assert (run.episodes, run.tasks) == (7, ("Lift",)), "a recipe's budget is not typed"
    check(run)


def test_where_nothing_was_begun_nothing_is_gone_on_with(tmp_path: Path) -> None:
    assert resumed(tmp_path).seed == 0
