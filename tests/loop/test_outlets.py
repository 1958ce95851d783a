"""A result that is written last is refused first: no episode runs for a file without a place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vla_sim.cli.main import main
from vla_sim.envs.rollout import Rollout

VERBS: dict[str, list[str]] = {
    "bench": ["bench", "correct", "--tasks", "Reach", "--episodes", "1"],
    "bench-parts": ["bench", "ood-light", "--tasks", "Reach", "--episodes", "1"],
    "gap": ["gap", "--tasks", "Reach", "--episodes", "1"],
    "film": ["film", "Reach"],
    "film-axes": ["film", "Reach", "--axes"],
    "gallery": ["gallery", "--tasks", "Reach", "--episodes", "1"],
}


@pytest.fixture(autouse=True)
def no_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may turn, here or in a process."""

    def turned(*args: object, **kwargs: object) -> None:
        raise AssertionError("an episode ran")

    monkeypatch.setattr(Rollout, "__init__", turned)
    for place in ("loop.benching.team", "loop.aligning.closed_loop"):
        monkeypatch.setattr(f"vla_sim.{place}.open_simulators", turned)


def a_folder(path: Path) -> Path:
    path.mkdir()
    for stem in ("out-light-1", "out-light-3"):
        (path.parent / f"{stem}{path.suffix}").mkdir()
    return path


def below_a_file(path: Path) -> Path:
    path.write_text("")
    return path / f"deep{path.suffix}"


@pytest.mark.parametrize("spoil", [a_folder, below_a_file])
@pytest.mark.parametrize("verb", VERBS)
def test_a_file_without_a_place_is_refused_before_the_work(
    verb: str, spoil: Callable[[Path], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if verb == "gallery":
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "README.md").mkdir()
        out = folder if spoil is a_folder else below_a_file(tmp_path / "file")
    else:
        suffix = ".json" if verb.startswith(("bench", "gap")) else ".png"
        out = spoil(tmp_path / f"out{suffix}")
    before = sorted(tmp_path.rglob("*"))
    assert main([*VERBS[verb], "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "is a folder; give a file in it" in said or "is a file, not a folder" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_the_demo_takes_no_file_for_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr()
    assert "file is a file; give a folder" in said.err
    assert not said.out, "the doctor came first"
