"""Renderers: from geom poses to pictures. Importing this starts neither numba nor GL."""

from vla_sim.physics.render.picture import Picture, Renderer
from vla_sim.physics.render.table import RENDERERS, make_renderer

__all__ = ["RENDERERS", "Picture", "Renderer", "make_renderer"]
