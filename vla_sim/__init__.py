"""vla-sim: simulation-in-the-loop training and evaluation of Vision-Language-Action models.

Importing it registers the tasks with Gymnasium and does nothing else: no torch, no GL, no files.
"""

from vla_sim.envs.registration import register_all
from vla_sim.version import __version__

__all__ = ["__version__"]

register_all()
