"""What the page on bringing one's own shows is what runs: its files, then its command lines."""

import ast
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.cli.main import main
from vla_sim.triples.lerobot.folder import LeRobotFolder, datasets_in

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / language / "extend.md" for language in ("en", "zh-CN")]
MODULES = ("my_recipes", "my_tasks", "my_losses")


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The English page, whose files lie in the working directory."""
    found = PAGES[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for block in blocks(found, "python"):
        name = block.partition("\n")[0].removeprefix("# ")
        Path(name).write_text(block, encoding="utf-8")
    return found


def without_prose(code: str) -> str:
    """The code without comments and docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def test_both_languages_show_the_same_lines() -> None:
    english, chinese = PAGES
    assert blocks(english, "bash") == blocks(chinese, "bash")
    ours, theirs = (map(without_prose, blocks(page, "python")) for page in PAGES)
    assert list(ours) == list(theirs)


def test_its_lines_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(page, "bash"):
        for line in block.splitlines():
            command, *words = shlex.split(line)
            assert command == "vla-sim"
            assert main(words) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "--tasks [TEXT ...]  (core-car)" in said
    assert "--own-losses [TEXT FLOAT ...]  (my_losses:gentle_start 0.05)" in said
    assert "--text.width INT  (32)" in said
    assert "--tasks [TEXT ...]  (my_tasks.py:HighReach Reach)" in said
    for folder, task_id, n in (("few", "vla_sim/Reach-v1", 2), ("high", "my_tasks:HighReach", 1)):
        (dataset,) = datasets_in(Path(folder))
        episodes = LeRobotFolder.open(dataset).episodes
        assert [row["task_id"] for row in episodes] == [task_id] * n


def test_the_lines_of_the_page_on_towers_are_options_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    english, chinese = (blocks(page.with_name("towers.md"), "bash") for page in PAGES)
    assert english == chinese
    for line in "".join(english).splitlines():
        _, *words = shlex.split(line)
        assert main(words) == 0, capsys.readouterr().err


def test_its_loss_is_learnt(page: Path) -> None:
    config = replace(ALL, own_losses={"my_losses:gentle_start": 1.0})
    assert one_step(trainer(config), 0).terms["my_losses:gentle_start"] > 0.0
