"""vla-sim: simulation-in-the-loop training and evaluation of Vision-Language-Action models.

Importing it registers the tasks with Gymnasium, sees to it that MuJoCo can be imported without GL,
and does nothing else: no torch, no GL, no files.
"""

from vla_sim.envs.registration import register_all
from vla_sim.optional_gl import make_gl_optional
from vla_sim.version import __version__

__all__ = ["__version__"]

make_gl_optional()
register_all()
