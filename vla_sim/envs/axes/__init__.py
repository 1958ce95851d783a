"""The table of domain axes. To add one: write its file and its line here; tests follow."""

from collections.abc import Mapping

from vla_sim.envs.axes.axis import Axis
from vla_sim.envs.axes.camera import Camera
from vla_sim.envs.axes.colour_shape import ColourShape
from vla_sim.envs.axes.distractors import Distractors
from vla_sim.envs.axes.dynamics import Physics
from vla_sim.envs.axes.engine import OtherEngine
from vla_sim.envs.axes.language import OtherLanguage
from vla_sim.envs.axes.layout import Layout
from vla_sim.envs.axes.light import Light
from vla_sim.envs.axes.noise import Noise
from vla_sim.envs.axes.renderer import OtherRenderer
from vla_sim.envs.axes.start import Start
from vla_sim.envs.axes.texture import Texture
from vla_sim.envs.axes.wording import Wording
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.shift import MAX_SEVERITY, Shift

AXES: Mapping[str, Axis] = {
    "layout": Layout(),
    "colour_shape": ColourShape(),
    "distractors": Distractors(),
    "camera": Camera(),
    "light": Light(),
    "texture": Texture(),
    "start": Start(),
    "dynamics": Physics(),
    "noise": Noise(),
    "wording": Wording(),
    "language": OtherLanguage(),
    "renderer": OtherRenderer(),
    "engine": OtherEngine(),
}
"""Name to axis."""


def axis_of(shift: Shift) -> Axis:
    """The axis of a shift; one that changes nothing for the training distribution.

    Raises:
        UnknownName: If there is no such axis; the error lists those that exist.
    """
    if shift.axis and shift.axis not in AXES:
        raise UnknownName("axis", shift.axis, AXES)
    return _NONE if shift.is_training else AXES[shift.axis]


def asked_shift(axis: str, severity: int) -> Shift:
    """The shift that somebody asked for by naming an axis.

    Raises:
        UnknownName: If there is no such axis.
        BadConfig: If the severity is missing, out of range, or of no axis: an axis that is named
            and does nothing would be read as a result along it.
    """
    shift = Shift(axis=axis, severity=severity)
    axis_of(shift)
    if axis and shift.is_training:
        raise BadConfig(
            f"axis {axis!r} has no severity; give 1 to {MAX_SEVERITY} (`--axis {axis} --severity "
            "2`), or leave the axis away for episodes as in training"
        )
    return shift


_NONE = Axis()
