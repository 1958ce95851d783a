"""vla-sim: simulation-in-the-loop training and evaluation of Vision-Language-Action models."""

from vla_sim.version import __version__

__all__ = ["__version__"]
