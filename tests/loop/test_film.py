"""Films: a file that opens, with the episode in it."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vla_sim.agents.controls import expert_policy
from vla_sim.cli.main import main
from vla_sim.envs.axes import AXES
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.suites import CORE
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.evaluation import make_protocol, planned
from vla_sim.loop.showing import film as room
from vla_sim.loop.showing import film_frames
from vla_sim.loop.showing.film import FilmRun, film
from vla_sim.loop.showing.film_axes import _corner, film_axes
from vla_sim.loop.showing.film_file import FORMATS, save_film, stills
from vla_sim.loop.showing.film_frames import captioned, side_by_side
from vla_sim.loop.showing.film_timeline import BAR_PX
from vla_sim.loop.simulating.in_process import SimulatorsHere
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.shift import SEVERITIES, Shift
from vla_sim.records.teacher_input import TeacherInput

REACH = "vla_sim/Reach-v1"


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[FilmRun, list[Episode]]:
    out = tmp_path_factory.mktemp("film") / "deep" / "film.webp"
    config = FilmRun(task="ChangeLane", out=out, n=2, size=64, language="en")
    return config, film(config)


def test_an_animation_has_all_steps_and_both_episodes(
    filmed: tuple[FilmRun, list[Episode]],
) -> None:
    config, episodes = filmed
    with Image.open(config.path) as image:
        assert image.format == "WEBP"
        assert image.width == 2 * 64 + 4
        assert image.height > 64
        longest = max(episode.n_steps for episode in episodes)
        assert 2 <= getattr(image, "n_frames", 1) <= longest + 1  # equal neighbours are merged
    assert [p.name for p in config.path.parent.iterdir()] == ["film.webp"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_opens(suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (9, 20, 24, 3)).astype(np.uint8)
    path = tmp_path / f"film{suffix}"
    save_film(path, frames, [frames, frames[:4]], period_s=0.05)
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        image.load()
        if suffix == ".png":
            assert image.size == (6 * 24 + 5 * 4, 2 * 20)
        else:
            assert (image.size, getattr(image, "n_frames", 1)) == ((24, 20), 9)


def test_a_sheet_of_axes_has_a_row_for_each_and_severity_0_is_always_the_same(
    tmp_path: Path,
) -> None:
    config = FilmRun(task="Reach", out=tmp_path / "sheet.png", axes=True, size=48, language="en")
    film_axes(config)
    with Image.open(config.path) as image:
        sheet = np.asarray(image)
    rows = {axis: _cells(sheet, row, 48) for row, axis in enumerate(AXES)}
    for axis in AXES:
        if AXES[axis].shown == "start":
            np.testing.assert_array_equal(rows[axis][0], rows["layout"][0])
            assert (rows[axis][2] != rows[axis][0]).any(), axis
    with pytest.raises(BadConfig, match=r"\.png, not 'sheet.webp'"):
        replace(config, out=tmp_path / "sheet.webp")


def _cells(sheet: NDArray[np.uint8], row: int, size: int) -> list[NDArray[np.uint8]]:
    corners = [_corner(row, severity, size) for severity in SEVERITIES]
    return [sheet[y : y + size, x : x + size] for y, x in corners]


def test_stills_begin_and_end_with_the_episode() -> None:
    frames = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    row = stills([frames], n_stills=3)
    assert row.shape == (2, 2 * 3 + 2 * 4, 3)
    assert (row[0, 0, 0], row[0, -1, 0]) == (0, 9)


def test_a_film_that_ends_early_shows_its_last_frame() -> None:
    short = np.full((2, 4, 4, 3), 7, dtype=np.uint8)
    long = np.zeros((5, 4, 4, 3), dtype=np.uint8)
    whole = side_by_side([short, long])
    assert whole.shape == (5, 4, 12, 3)
    assert (whole[:, :, :4] == 7).all()


def test_films_of_different_height_and_number_fill_rows() -> None:
    films = [np.zeros((2, 4 + k, 4, 3), dtype=np.uint8) for k in range(5)]
    assert side_by_side(films).shape == (2, 2 * 8 + 4, 4 * 4 + 3 * 4, 3)


def test_the_caption_says_what_was_asked_and_how_it_ended(
    filmed: tuple[FilmRun, list[Episode]],
) -> None:
    _, (episode, _) = filmed
    pictures = episode.images
    assert pictures is not None
    framed = captioned(pictures, episode)
    assert np.array_equal(framed[:, :64], pictures)
    strip = framed[:, 64:]
    assert (strip.min(axis=(1, 2, 3)) < 100).all(), "every frame has dark letters"
    empty = replace(episode.shown, text="")
    other = captioned(pictures, replace(episode, shown=empty))
    assert not np.array_equal(other[0, 64:][:12], strip[0][:12])
    assert not np.array_equal(strip[-2], strip[-1])


def test_under_a_shield_a_bar_says_when_it_acted(filmed: tuple[FilmRun, list[Episode]]) -> None:
    _, (episode, _) = filmed
    pictures = episode.images
    assert pictures is not None
    change = np.zeros(episode.n_steps, dtype=np.float32)
    change[episode.n_steps // 2 :] = 0.3
    bare = captioned(pictures, episode)
    framed = captioned(pictures, replace(episode, shield_change=change))
    assert framed.shape[1] == bare.shape[1] + BAR_PX
    bars = framed[:, -1].astype(int)
    reddish = bars[..., 0] > bars[..., 1] + 20
    half = bars.shape[1] // 2
    assert not reddish[:, : half - 2].any()
    assert reddish[:, half + 2 :].all()
    said = bars.sum(axis=(1, 2))
    assert (np.diff(said) < 0).all(), "the bar fills as the episode goes on"
    never = captioned(pictures, replace(episode, shield_change=np.zeros_like(change)))[
        :, -1
    ].astype(int)
    assert (np.abs(never[..., 0] - never[..., 1]) < 10).all()


def test_what_a_detector_says_stands_there_from_its_moment_on(
    filmed: tuple[FilmRun, list[Episode]],
) -> None:
    _, (episode, _) = filmed
    pictures = episode.images
    assert pictures is not None
    dt_s = episode.control_dt_s
    alarms = {"this will fail": 9 * dt_s, "the words do not fit the scene": 4 * dt_s}
    framed, silent = captioned(pictures, episode, alarms), captioned(pictures, episode)
    below = framed[:, silent.shape[1] :]
    assert framed.shape[1] > silent.shape[1]
    assert np.array_equal(framed[:4, : silent.shape[1] - 8], silent[:4, :-8])
    ink = (below < 200).any(axis=-1).sum(axis=(1, 2))
    assert (ink[:4] == 0).all() and ink[4] > 0
    assert (ink[4:9] == ink[4]).all() and ink[9] > ink[4]


def test_without_a_chinese_font_the_caption_is_english(
    filmed: tuple[FilmRun, list[Episode]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (episode, _) = filmed
    chinese = replace(episode, shown=replace(episode.shown, language="zh", text="向左变道"))
    monkeypatch.setattr(film_frames, "_chinese_font", lambda size_px: None)
    lines = film_frames._lines(chinese, 256, 14)
    assert all(line.isascii() for line in lines)
    assert " ".join(lines).startswith("(no zh font; in English) ")
    swapped = replace(chinese, spec=replace(chinese.spec, arm="swapped", n_instructions=3))
    assert film_frames._lines(swapped, 256, 14)[0].startswith("(swapped, 1 of 3) ")
    wordless = replace(chinese, shown=replace(chinese.shown, text="{}", template_id=""))
    assert film_frames._lines(wordless, 256, 14) == ["{}"], "words that nobody was told"


@pytest.mark.parametrize("task_id", CORE)
def test_every_kind_of_task_can_be_filmed_from_the_command_line(
    task_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    words = ["film", task_id, "--out", str(out), "--seed", "1", "--size", "32"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "seed 1: " in said
    assert "success after" in said
    assert str(out) in said
    with Image.open(out) as image:
        assert image.width == 6 * 32 + 5 * 4


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    frames = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    with pytest.raises(RunFolderError, match=r"cannot write .*give another --out"):
        save_film(tmp_path / "file" / "film.gif", frames, [frames], period_s=0.05)


class Seeing:
    """The expert, who insists on pictures of its own size."""

    needs_images = True
    n_action_steps = 2

    def __init__(self, crank: Crank, sizes: list[int]) -> None:
        self.expert = expert_policy(crank.task_id, crank.task)
        self.sizes = sizes

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        self.sizes += [image.shape[1] for image in known.told.observation.images.values()]
        return self.expert.teach(known)


def test_a_policy_sees_its_own_pictures_and_the_film_is_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    config = FilmRun(task="Reach", out=tmp_path / "a.webp", size=96, seed=5)
    (blind,) = film(config)
    monkeypatch.setattr(room, "policy_of", lambda name, crank: Seeing(crank, sizes))
    (seeing,) = film(config)
    assert set(sizes) == {64}
    assert np.array_equal(blind.actions, seeing.actions)
    assert blind.images is not None
    assert seeing.images is not None
    assert seeing.images.shape[1] == 96
    assert np.array_equal(blind.images, seeing.images)


@pytest.mark.parametrize(
    ("languages", "arm", "axis", "severity"),
    [
        (("en",), "correct", "", 0),
        (("zh",), "swapped", "camera", 2),
        (LANGUAGES, "other_language", "dynamics", 3),
        (("en",), "held_out", "noise", 1),
    ],
)
def test_a_film_shows_the_episode_that_a_benchmark_counts(
    languages: tuple[Language, ...], arm: Arm, axis: str, severity: int, tmp_path: Path
) -> None:
    first = BENCH_SEEDS_FROM + 5
    shift = Shift(axis=axis, severity=severity)
    protocol = make_protocol(
        "bench",
        tasks=(REACH,),
        first_seed=first,
        n_episodes=2,
        arms=("empty", arm),
        languages=languages,
        crank=CrankConfig(),
        shift=shift,
    )
    plan = {REACH: planned(protocol)[REACH][-2:]}  # not from the start: each stands for itself
    stations = StationConfig(n_slots=3, crank=crank_config_for(shift, CrankConfig()))
    benched = SimulatorsHere(SimulatorsConfig(task_ids=(REACH,), stations=stations))
    benched.ask_evaluate("random", plan)
    config = FilmRun(
        task="Reach",
        out=tmp_path / "film.png",
        policy="random",
        seed=first,
        n=2,
        size=32,
        language=languages[0] if len(languages) == 1 else None,
        arm=arm,
        axis=axis,
        severity=severity,
    )
    for mine, theirs in zip(film(config), benched.episodes(), strict=True):
        assert mine.spec == theirs.spec
        assert mine.shown == theirs.shown
        np.testing.assert_array_equal(mine.actions, theirs.actions)
        np.testing.assert_array_equal(mine.position, theirs.position)


def test_a_film_speaks_the_language_of_a_benchmark_unless_told_otherwise() -> None:
    assert FilmRun.language == BenchRun.languages[0] and len(BenchRun.languages) == 1


def test_what_cannot_be_filmed_is_refused_before_anything_runs() -> None:
    with pytest.raises(UnknownName, match="no task 'Fly'"):
        FilmRun(task="Fly")
    with pytest.raises(UnknownName, match="no policy, and no folder, 'genius'"):
        FilmRun(policy="genius")
    with pytest.raises(UnknownName, match=r"no film format '\.mp4'; there are '\.gif'"):
        FilmRun(out=Path("film.mp4"))
    with pytest.raises(BadConfig, match=r"films/mine has no ending that says .* '\.webp', '\.gif'"):
        FilmRun(out=Path("films/mine"))
    with pytest.raises(BadConfig, match="n is 0"):
        FilmRun(n=0)
    with pytest.raises(BadConfig, match="size is 8; use a whole number, 32 to 2048"):
        FilmRun(size=8)
    with pytest.raises(BadConfig, match="speed is 0"):
        FilmRun(speed=0.0)
    with pytest.raises(UnknownName, match="no axis 'fog'"):
        FilmRun(axis="fog", severity=1)
    with pytest.raises(BadConfig, match=r"axis 'camera' has no severity; give 1 to 3"):
        FilmRun(axis="camera")
    with pytest.raises(BadConfig, match="n_instructions is 9; use a whole number, 1 to 5"):
        FilmRun(n_instructions=9)
    with pytest.raises(BadConfig, match="a sheet of axes shows all of them"):
        FilmRun(axes=True, axis="camera", severity=1)
