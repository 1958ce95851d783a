"""Pages: the gallery as markdown in both languages, with a strip of stills per task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vla_sim.agents.controls import POLICIES
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.task_names import short_name
from vla_sim.errors import RunFolderError, UnknownName
from vla_sim.loop.paths import with_paths
from vla_sim.loop.showing.gallery.about import about
from vla_sim.loop.showing.gallery.entry import Entry, entry_of, families
from vla_sim.ranges import whole
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.reports import Estimate

GALLERY_SEEDS_FROM = 10_000
"""The seeds of the benchmark: what the gallery says is what a benchmark finds."""
PAGES: Mapping[Language, str] = {"en": "README.md", "zh": "README.zh-CN.md"}
N_STILLS = 4
OVERVIEW = "overview.png"
N_COLUMNS = 6
CAPTION_PX = 22


@dataclass(frozen=True, kw_only=True)
class GalleryRun:
    """Settings of the gallery."""

    out: Path = Path("docs/gallery")
    """Folder of the pages and pictures."""
    episodes: int = 100
    """Episodes that each variant's expert is measured on."""
    size: int = 224
    """Height and width of a still [px]."""
    tasks: tuple[str, ...] = ()
    """Names of task classes; all of them where none is given."""

    def __post_init__(self) -> None:
        with_paths(self)
        whole(1, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, episodes=self.episodes)
        whole(64, 1024, size=self.size)
        for name in self.tasks:
            if name not in families():
                raise UnknownName("task class", name, families())


def gallery(run: GalleryRun) -> Iterator[Entry]:
    """Measure and draw one task after the other, then write the pages.

    Raises:
        UnknownName: If a task has no prose.
        RunFolderError: If the folder cannot be written.
    """
    chosen = {name: ids for name, ids in families().items() if not run.tasks or name in run.tasks}
    for name in chosen:
        about(name)
    check_outlet(run.out, is_folder=True)
    for file in (*(f"{name}.png" for name in chosen), OVERVIEW, *PAGES.values()):
        check_outlet(run.out / file)
    try:
        run.out.mkdir(parents=True, exist_ok=True)
        seeds = range(GALLERY_SEEDS_FROM, GALLERY_SEEDS_FROM + run.episodes)
        entries = []
        middles: dict[str, NDArray[np.uint8]] = {}
        for name, task_ids in chosen.items():
            entries.append(entry_of(name, task_ids, seeds))
            stills = _stills(task_ids[0], run.size)
            _strip(stills).save(run.out / f"{name}.png", optimize=True)
            middles[name] = stills[N_STILLS // 2]
            yield entries[-1]
        _overview(middles).save(run.out / OVERVIEW, optimize=True)
        for language, page in PAGES.items():
            (run.out / page).write_text(render(entries, language, run.episodes), encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write the gallery to {run.out}: {error.strerror}") from error


def render(entries: list[Entry], language: Language, n_episodes: int) -> str:
    """One page as markdown."""
    environment = Environment(
        loader=PackageLoader("vla_sim.loop.showing.gallery", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["short"] = short_name
    return environment.get_template(f"gallery.{language}.md.j2").render(
        entries=entries,
        about={entry.name: about(entry.name) for entry in entries},
        n=n_episodes,
        languages=LANGUAGES,
    )


def _percent(rate: Estimate) -> str:
    return f"{100 * rate.value:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _stills(task_id: str, size: int) -> NDArray[np.uint8]:
    """Moments of one of the expert's episodes, uint8 (N_STILLS, size, size, 3)."""
    crank = Crank(task_id, 1, CrankConfig(image_size=size))
    plan = plan_episodes(task_id, [GALLERY_SEEDS_FROM], manner="normal")
    policy = POLICIES["expert"](task_id, crank.task)
    (episode,) = run_all(crank, policy, plan, keep_images=True)
    assert episode.images is not None
    moments = np.linspace(0, episode.n_steps, N_STILLS).round().astype(int)
    chosen: NDArray[np.uint8] = episode.images[moments]
    return chosen


def _strip(stills: NDArray[np.uint8]) -> Image.Image:
    """Stills beside each other."""
    return Image.fromarray(np.concatenate(list(stills), axis=1)).quantize(128)


def _overview(stills: Mapping[str, NDArray[np.uint8]]) -> Image.Image:
    """One still of each task in rows, its name below."""
    size = len(next(iter(stills.values())))
    n_columns = min(len(stills), N_COLUMNS)
    n_rows = -(-len(stills) // n_columns)
    sheet = Image.new("RGB", (n_columns * size, n_rows * (size + CAPTION_PX)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=CAPTION_PX - 8)
    for k, (name, still) in enumerate(stills.items()):
        row, column = divmod(k, n_columns)
        x, y = column * size, row * (size + CAPTION_PX)
        sheet.paste(Image.fromarray(still), (x, y))
        draw.text((x + 4, y + size + 2), name, fill="black", font=font)
    return sheet.quantize(200)
