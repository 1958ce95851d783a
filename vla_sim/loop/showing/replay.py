"""Replay: an episode of a result, run again from its row, held to it, and filmed."""

from dataclasses import dataclass
from pathlib import Path

from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.loop.benching.result import is_result, read_result
from vla_sim.loop.benching.rig import crank_of
from vla_sim.loop.choice import Choice
from vla_sim.loop.outsiders import try_out
from vla_sim.loop.paths import with_paths
from vla_sim.loop.showing.film_file import check_format, save_film
from vla_sim.loop.showing.result_films import Replayed, replayed, require_same_row
from vla_sim.ranges import whole
from vla_sim.records.episode_row import EpisodeRow


@dataclass(frozen=True, kw_only=True)
class ReplayRun:
    """Settings of a replay."""

    result: Path = Path("results/mine")
    """Folder that `vla-sim bench --out FOLDER` wrote."""
    episode: int = 0
    """Which row of its table, from 0; the report shows the number."""
    out: Path | None = None
    """A .webp, .gif or .png; episode-K.gif where none is given."""
    policy: str = ""
    """Who acts, where that is not where it was when it was measured; empty for what the result
    says. Its switches and its shield are those of the result."""
    size: int = 256
    """Height and width of the film's pictures [px]; the policy sees its own."""

    def __post_init__(self) -> None:
        with_paths(self)
        whole(0, episode=self.episode)
        whole(32, 2048, size=self.size)
        check_format(self.path)

    @property
    def path(self) -> Path:
        """The film's file."""
        return self.out or Path(f"episode-{self.episode}.gif")


def replay(run: ReplayRun) -> tuple[EpisodeRow, Replayed]:
    """Run an episode again, hold it to its row, and write its film to `run.path`.

    Returns:
        The row, and the episode.

    Raises:
        RunFolderError: If the folder holds no result, or the film cannot be written.
        DamagedFile: If the result was edited, or the episode does not come out as it was measured.
        BadConfig: If there is no such episode, the result does not say who acted,
            or the engine here is another.
        RenderBackendError: If the renderer does not work here.
    """
    check_outlet(run.path)
    if not is_result(run.result):
        raise RunFolderError(
            f"{str(run.result)!r} holds no result; `vla-sim bench --out FOLDER` writes one"
        )
    result = read_result(run.result)
    if run.episode >= len(result.rows):
        raise BadConfig(
            f"episode {run.episode} of {run.result}: it has {len(result.rows)}, "
            f"0 to {len(result.rows) - 1}"
        )
    row = result.rows[run.episode]
    choice = Choice.again(result.policy, run.policy)
    crank = crank_of(row, choice.shield)
    try_out(choice, [row.spec.task_id], crank)
    (one,) = replayed(choice, [row], crank, size_px=run.size)
    require_same_row(run.episode, one)
    save_film(run.path, one.pictures, [one.pictures], period_s=one.episode.control_dt_s)
    return row, one
