"""Pages: the gallery as markdown in both languages, with a strip of stills per task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.loop.gallery.about import ABOUT
from vla_sim.loop.gallery.entry import Entry, entry_of, families
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.reports import Estimate

GALLERY_SEEDS_FROM = 10_000
"""The seeds of the benchmark: what the gallery says is what a benchmark finds."""
PAGES: Mapping[Language, str] = {"en": "README.md", "zh": "README.zh-CN.md"}
N_STILLS = 4


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
        if self.episodes < 1 or not 64 <= self.size <= 1024:
            raise BadConfig("use 1 or more episodes, and stills of 64 to 1024 px")
        for name in self.tasks:
            if name not in families():
                raise UnknownName("task class", name, families())


def gallery(run: GalleryRun) -> Iterator[Entry]:
    """Measure and draw one task after the other, then write the pages.

    Raises:
        UnknownName: If a task has no prose in `ABOUT`.
        RunFolderError: If the folder cannot be written.
    """
    chosen = {name: ids for name, ids in families().items() if not run.tasks or name in run.tasks}
    for name in chosen:
        if name not in ABOUT:
            raise UnknownName("prose for the task", name, ABOUT)
    try:
        run.out.mkdir(parents=True, exist_ok=True)
        seeds = range(GALLERY_SEEDS_FROM, GALLERY_SEEDS_FROM + run.episodes)
        entries = []
        for name, task_ids in chosen.items():
            entries.append(entry_of(name, task_ids, seeds))
            _stills(task_ids[0], run.size).save(run.out / f"{name}.png", optimize=True)
            yield entries[-1]
        for language, page in PAGES.items():
            (run.out / page).write_text(render(entries, language, run.episodes), encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write the gallery to {run.out}: {error.strerror}") from error


def render(entries: list[Entry], language: Language, n_episodes: int) -> str:
    """One page as markdown."""
    environment = Environment(
        loader=PackageLoader("vla_sim.loop.gallery", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["short"] = short_name
    return environment.get_template(f"gallery.{language}.md.j2").render(
        entries=entries, about=ABOUT, n=n_episodes, languages=LANGUAGES
    )


def _percent(rate: Estimate) -> str:
    return f"{100 * rate.value:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _stills(task_id: str, size: int) -> Image.Image:
    """Moments of one of the expert's episodes, beside each other."""
    crank = Crank(task_id, 1, CrankConfig(image_size=size))
    plan = plan_episodes(task_id, [GALLERY_SEEDS_FROM], manner="normal")
    policy = POLICIES["expert"](task_id, crank.task)
    (episode,) = run_all(crank, policy, plan, keep_images=True)
    assert episode.images is not None
    moments = np.linspace(0, episode.n_steps, N_STILLS).round().astype(int)
    return Image.fromarray(np.concatenate(list(episode.images[moments]), axis=1)).quantize(128)
