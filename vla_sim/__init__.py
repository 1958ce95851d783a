"""vla-sim: simulation-in-the-loop training and evaluation of Vision-Language-Action models.

Importing it registers the tasks with Gymnasium, sees to it that MuJoCo can be imported without GL,
and does nothing else: no torch, no GL, no files. What `__all__` names is public, and is loaded when
it is first asked for; everything below may move.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from vla_sim.envs.registration import IDS, register_all
from vla_sim.optional_gl import make_gl_optional
from vla_sim.version import __version__

if TYPE_CHECKING:
    from vla_sim.envs.crank import CrankConfig
    from vla_sim.errors import VlaSimError
    from vla_sim.eval.protocol import require_comparable
    from vla_sim.loop.aligning.align_run import AlignRun
    from vla_sim.loop.benching.evaluate import evaluate
    from vla_sim.loop.calls import collect, train
    from vla_sim.loop.collecting.collect import CollectRun
    from vla_sim.loop.rl.call import finetune
    from vla_sim.loop.rl.rl_run import FinetuneRun
    from vla_sim.protocols.chunk_model import ChunkModel
    from vla_sim.protocols.engine import Engine
    from vla_sim.protocols.expert import Expert
    from vla_sim.protocols.policy import Policy, StatefulPolicy
    from vla_sim.protocols.robot import Robot
    from vla_sim.protocols.task import Goal, Outcome, Scene, Task
    from vla_sim.protocols.teacher import Teacher
    from vla_sim.records.embodiment import Embodiment
    from vla_sim.records.episode import Episode, EpisodeSpec
    from vla_sim.records.instruction import Instruction, Meaning, Referent, Words
    from vla_sim.records.observation import Observation, PolicyInput
    from vla_sim.records.reports import Estimate, EvalReport, TaskReport
    from vla_sim.records.teacher_input import TeacherInput

__all__ = [
    "IDS",
    "AlignRun",
    "ChunkModel",
    "CollectRun",
    "CrankConfig",
    "Embodiment",
    "Engine",
    "Episode",
    "EpisodeSpec",
    "Estimate",
    "EvalReport",
    "Expert",
    "FinetuneRun",
    "Goal",
    "Instruction",
    "Meaning",
    "Observation",
    "Outcome",
    "Policy",
    "PolicyInput",
    "Referent",
    "Robot",
    "Scene",
    "StatefulPolicy",
    "Task",
    "TaskReport",
    "Teacher",
    "TeacherInput",
    "VlaSimError",
    "Words",
    "__version__",
    "collect",
    "evaluate",
    "finetune",
    "require_comparable",
    "train",
]

_PLACES = {
    "vla_sim.envs.crank": ("CrankConfig",),
    "vla_sim.errors": ("VlaSimError",),
    "vla_sim.eval.protocol": ("require_comparable",),
    "vla_sim.loop.aligning.align_run": ("AlignRun",),
    "vla_sim.loop.benching.evaluate": ("evaluate",),
    "vla_sim.loop.calls": ("collect", "train"),
    "vla_sim.loop.collecting.collect": ("CollectRun",),
    "vla_sim.loop.rl.call": ("finetune",),
    "vla_sim.loop.rl.rl_run": ("FinetuneRun",),
    "vla_sim.protocols.chunk_model": ("ChunkModel",),
    "vla_sim.protocols.engine": ("Engine",),
    "vla_sim.protocols.expert": ("Expert",),
    "vla_sim.protocols.policy": ("Policy", "StatefulPolicy"),
    "vla_sim.protocols.robot": ("Robot",),
    "vla_sim.protocols.task": ("Goal", "Outcome", "Scene", "Task"),
    "vla_sim.protocols.teacher": ("Teacher",),
    "vla_sim.records.embodiment": ("Embodiment",),
    "vla_sim.records.episode": ("Episode", "EpisodeSpec"),
    "vla_sim.records.instruction": ("Instruction", "Meaning", "Referent", "Words"),
    "vla_sim.records.observation": ("Observation", "PolicyInput"),
    "vla_sim.records.reports": ("Estimate", "EvalReport", "TaskReport"),
    "vla_sim.records.teacher_input": ("TeacherInput",),
}
"""Once more for the interpreter what stands above for type checkers; a test compares the two."""
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_PLACE_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


make_gl_optional()
register_all()
