"""Rig: the crank that a row of a result ran on, made again."""

from contextlib import suppress
from dataclasses import replace

from vla_sim.envs.axes import asked_shift
from vla_sim.envs.crank import CrankConfig, crank_config_for
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.errors import BadConfig, RenderBackendError
from vla_sim.loop.evaluation import renderer_id
from vla_sim.physics.engines import engine_id
from vla_sim.physics.render import RENDERERS
from vla_sim.records.episode_row import EpisodeRow


def crank_of(row: EpisodeRow, shield: ShieldMode) -> CrankConfig:
    """The crank that a row ran on, of the same engine and renderer.

    Args:
        row: Of a result.
        shield: What stood between who acted and the robot; a result says it with the policy.

    Raises:
        RenderBackendError: If this machine draws no pictures of that kind.
        BadConfig: If the engine here is missing, or of another version.
    """
    engine = row.rig.engine.partition(" ")[0]
    if (here := engine_id(engine)) != row.rig.engine:
        raise BadConfig(f"the episode ran on {row.rig.engine}, and here is {here}")
    able = crank_config_for(
        asked_shift(row.spec.axis, row.spec.severity), CrankConfig(image_size=row.rig.image_size[0])
    )
    return replace(able, engine=engine, renderer=_renderer(row.rig.renderer), shield=shield)


def _renderer(wanted: str) -> str:
    """The name of the renderer whose pictures carry an id."""
    # The default first: it needs nothing that could be missing.
    for name in sorted(RENDERERS, key=lambda name: name != CrankConfig.renderer):
        with suppress(RenderBackendError):
            if renderer_id(name) == wanted:
                return name
    raise RenderBackendError(f"the episode was seen by {wanted}, which does not work here")
