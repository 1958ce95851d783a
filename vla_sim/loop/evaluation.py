"""What a protocol runs, and what is read off its episodes."""

from collections.abc import Sequence

import mujoco

from vla_sim.envs.crank import CrankConfig, crank_config_for
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.suites import SPINE
from vla_sim.envs.tasks import make_task
from vla_sim.eval.body import Body, body_of
from vla_sim.eval.metrics.table import METRICS_VERSION
from vla_sim.eval.protocol import Protocol
from vla_sim.physics.engines import engine_id
from vla_sim.physics.render import make_renderer
from vla_sim.records.camera import CameraSpec
from vla_sim.records.episode import Arm, EpisodeSpec
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.manner import MANNERS, Manner
from vla_sim.records.shift import NO_SHIFT, Shift

ALL_ARMS: tuple[Arm, ...] = ("correct", "empty", "swapped", "held_out", "other_language")
ONLINE_SEEDS_FROM = 100_000
"""Held-out scenes that the evaluations during training run on; the final benchmark has others."""
FINETUNE_SEEDS_FROM = 300_000
"""Those of a finetuning: its start was chosen on the ones above, where it looks better than it
is."""
GALLERY_SEEDS_FROM = 500_000
"""Held-out scenes of the retrieval gallery: neither trained on nor benchmarked."""


def make_protocol(
    name: str,
    *,
    tasks: Sequence[str] = SPINE,
    first_seed: int,
    n_episodes: int,
    arms: tuple[Arm, ...] = ("correct",),
    languages: tuple[Language, ...] = LANGUAGES,
    crank: CrankConfig,
    shift: Shift = NO_SHIFT,
    n_instructions: int = 1,
) -> Protocol:
    """A protocol on the engine, with the pictures and renderer, of a crank; all manners.

    Raises:
        UnknownName: If there is no such axis, renderer or engine.
        RenderBackendError: If the renderer does not work here.
    """
    crank = crank_config_for(shift, crank)
    return Protocol(
        name=name,
        tasks=tuple(tasks),
        first_seed=first_seed,
        n_episodes=n_episodes,
        arms=arms,
        languages=languages,
        manners=MANNERS,
        renderer=renderer_id(crank.renderer),
        engine=engine_id(crank.engine),
        image_size=(crank.image_size, crank.image_size),
        axis="" if shift.is_training else shift.axis,
        severity=shift.severity,
        n_instructions=n_instructions,
        metrics=METRICS_VERSION,
    )


def renderer_id(name: str) -> str:
    """The id that pictures of a renderer carry in run cards, with its version or backend.

    Raises:
        UnknownName: If there is no such renderer.
        RenderBackendError: If it does not work here.
    """
    empty = mujoco.MjSpec().compile()
    camera = CameraSpec(position=(1.0, 0.0, 1.0), target=(0.0, 0.0, 0.0), fov_y_deg=45.0)
    return make_renderer(name, empty, camera, 16, 16).id


def planned(protocol: Protocol) -> dict[str, list[EpisodeSpec]]:
    """The protocol's episodes by task; the same seeds, goals and manners in every arm."""
    return {
        task_id: [
            planned_spec(
                task_id,
                seed,
                arm=arm,
                languages=protocol.languages,
                manners=protocol.manners,
                shift=Shift(axis=protocol.axis, severity=protocol.severity),
                n_instructions=protocol.n_instructions,
            )
            for arm in protocol.arms
            for seed in protocol.seeds
        ]
        for task_id in protocol.tasks
    }


def planned_spec(
    task_id: str,
    seed: int,
    *,
    arm: Arm = "correct",
    languages: Sequence[Language] = LANGUAGES,
    manners: Sequence[Manner] = MANNERS,
    shift: Shift = NO_SHIFT,
    n_instructions: int = 1,
) -> EpisodeSpec:
    """The episode that a seed stands for where only some languages and manners are wanted.

    Benchmarks and films draw by it, so that what was counted can be looked at.
    """
    drawn = draw_spec(task_id, seed)
    language, manner = drawn.language, drawn.manner
    if language not in languages:
        language = languages[seed % len(languages)]
    if manner not in manners:
        manner = manners[seed % len(manners)]
    return draw_spec(
        task_id,
        seed,
        arm=arm,
        manner=manner,
        language=language,
        axis=shift.axis,
        severity=shift.severity,
        n_instructions=n_instructions,
    )


def gallery_plan(
    tasks: Sequence[str], n_per_task: int, shift: Shift = NO_SHIFT
) -> dict[str, list[EpisodeSpec]]:
    """Episodes of the experts that retrieval is measured on."""
    seeds = range(GALLERY_SEEDS_FROM, GALLERY_SEEDS_FROM + n_per_task)
    return {
        task_id: plan_episodes(task_id, seeds, axis=shift.axis, severity=shift.severity)
        for task_id in tasks
    }


def bodies(tasks: Sequence[str]) -> dict[str, Body]:
    """What the metrics have to know of each task's robot."""
    made = {task_id: make_task(task_id) for task_id in tasks}
    return {k: body_of(task.robot.embodiment, task.manners) for k, task in made.items()}
