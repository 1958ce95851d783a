"""The gallery says what the code says."""

import re
from pathlib import Path

import pytest

from vla_sim.cli.main import main
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.loop.showing.gallery.about import about, described
from vla_sim.loop.showing.gallery.entry import examples_of, families, numbers_of
from vla_sim.loop.showing.gallery.pages import PAGES, GalleryRun, gallery
from vla_sim.records.instruction import LANGUAGES, Language

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
NUMBERS = ("- **Numbers:**", "- **数值：**")
AGAIN = "`vla-sim gallery` makes the pages anew"


def test_every_task_has_prose_in_both_languages_and_no_numbers_in_it() -> None:
    assert sorted(families()) == described()
    assert sorted(i for ids in families().values() for i in ids) == sorted(TASK_IDS)
    for name in described():
        for text in (about(name).wanted, about(name).success):
            assert set(text) == set(LANGUAGES), name
            assert not any(c.isdigit() for language in LANGUAGES for c in text[language]), name
            assert text["en"].endswith(".") and text["zh"].endswith("。")


def test_pages_are_made_from_episodes(tmp_path: Path) -> None:
    out = tmp_path / "gallery"
    argv = ["gallery", "--out", str(out), "--episodes", "3", "--size", "64", "--tasks", "Lift"]
    assert main(argv) == 0
    assert (out / "Lift.png").stat().st_size > 500
    english, chinese = ((out / n).read_text() for n in ("README.md", "README.zh-CN.md"))
    for page in (english, chinese):
        for said in ("vla_sim/Lift-v1", "100.0 % [43.9, 100.0]", "`wrong_object`", "Lift.png"):
            assert said in page
        assert "{{" not in page
    assert "held for 5 steps" in english and "连续保持 5 步" in chinese


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_in_the_repository_say_what_the_code_says_today(language: Language) -> None:
    page = (GALLERY / PAGES[language]).read_text(encoding="utf-8")
    for name, (task_id, *_) in families().items():
        _, _, part = page.partition(f"\n## {name}\n")
        part, _, _ = part.partition("\n## ")
        told = next((line for line in part.splitlines() if line.startswith(NUMBERS)), "")
        assert dict(re.findall(r"`(\w+)` ([^,，]+)", told)) == numbers_of(task_id), AGAIN
        for text in (text for each in LANGUAGES for text in examples_of(task_id, each)):
            assert text in part, AGAIN


def test_bad_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no prose for the task 'Juggle'"):
        about("Juggle")
    with pytest.raises(UnknownName, match="Juggle"):
        GalleryRun(tasks=("Juggle",))
    with pytest.raises(BadConfig, match="64 to 1024"):
        GalleryRun(size=8)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write"):
        list(gallery(GalleryRun(out=tmp_path / "file" / "gallery", tasks=("Reach",))))
