"""What pictures cost: `python benchmarks/pictures.py`.

CPU time a frame of the ray caster against mujoco.Renderer on software GL in its fastest setting,
on the same scenes in one run; then the frames per second of two threads against one. They take
turns, and the best of many rounds counts, because whatever else runs on the machine can only add
to a time. A fixed camera looks at `Lift`, a moving one follows the car of `ChangeLane`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.physics.render import Renderer, make_renderer
from vla_sim.records.camera import CameraSpec
from vla_sim.records.episode import EpisodeSpec

CAMERAS = {"fixed": "vla_sim/Lift-v1", "moving": "vla_sim/ChangeLane-v1"}
SIZES_PIXELS = (64, 96)
N = 64
ROUNDS = 30
THREAD_ROUNDS = 500
"""A round takes about 2 ms, so that some fall between other work of the machine."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One task's camera and N starts of its scene, as renderers take them."""

    model: mujoco.MjModel
    camera: CameraSpec
    geom_pos: NDArray[np.float64]
    geom_mat: NDArray[np.float64]
    rgba: NDArray[np.float32]
    followed: NDArray[np.float64] | None

    def renderer(self, name: str, size: int, n_threads: int = 1) -> Renderer:
        """A square renderer of this view."""
        return make_renderer(name, self.model, self.camera, size, size, n_threads)

    def draw(self, renderer: Renderer) -> None:
        """All N pictures."""
        renderer.render(self.geom_pos, self.geom_mat, self.rgba, self.followed)


def view_of(task_id: str) -> View:
    """N scenes of a task with seeds 0 to N - 1."""
    crank = Crank(task_id, N)
    crank.start(np.arange(N), [EpisodeSpec(task_id=task_id, seed=s, goal=0) for s in range(N)])
    return View(
        model=crank.engine.model,
        camera=crank.task.camera,
        geom_pos=crank.engine.geom_pos.copy(),
        geom_mat=crank.engine.geom_mat.copy(),
        rgba=crank.engine.rgba.copy(),
        followed=crank.view.followed(),
    )


def best_us(
    works: Sequence[Callable[[], None]], rounds: int, clock: Callable[[], float]
) -> list[float]:
    """Least time of each piece of work [us]; they take turns."""
    best = [np.inf] * len(works)
    for _ in range(rounds):
        for k, work in enumerate(works):
            start = clock()
            work()
            best[k] = min(best[k], clock() - start)
    return [seconds * 1e6 for seconds in best]


def against_gl(view: View, size: int) -> tuple[float, float]:
    """CPU time a frame [us] of the ray caster and of GL."""
    renderers = [view.renderer(name, size) for name in ("raycast", "gl")]
    works = [partial(view.draw, renderer) for renderer in renderers]
    ray_us, gl_us = best_us(works, ROUNDS, time.process_time)
    for renderer in renderers:
        renderer.close()
    return ray_us / N, gl_us / N


def thread_gain(view: View, size: int) -> float:
    """Frames per second of two threads over those of one, by the clock on the wall."""
    renderers = [view.renderer("raycast", size, n_threads) for n_threads in (1, 2)]
    works = [partial(view.draw, renderer) for renderer in renderers]
    one_us, two_us = best_us(works, THREAD_ROUNDS, time.perf_counter)
    for renderer in renderers:
        renderer.close()
    return one_us / two_us


def measure() -> dict[str, float]:
    """All numbers of this benchmark.

    Returns:
        For each camera and size, "fixed_64/ray_us" and "fixed_64/gl_us" [us of CPU time a frame]
        and their ratio "fixed_64/ratio"; and "two_threads/gain".

    Raises:
        RenderBackendError: If there is no GL to compare with.
    """
    measured: dict[str, float] = {}
    views = {name: view_of(task_id) for name, task_id in CAMERAS.items()}
    for name, view in views.items():
        for size in SIZES_PIXELS:
            ray_us, gl_us = against_gl(view, size)
            measured[f"{name}_{size}/ray_us"] = ray_us
            measured[f"{name}_{size}/gl_us"] = gl_us
            measured[f"{name}_{size}/ratio"] = ray_us / gl_us
    measured["two_threads/gain"] = thread_gain(views["fixed"], SIZES_PIXELS[0])
    return measured


if __name__ == "__main__":
    for key, value in measure().items():
        print(f"{key:<20} {value:9.3f}")
