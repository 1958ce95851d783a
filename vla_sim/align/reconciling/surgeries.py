"""Every surgery by name, for what may be followed by one."""

from typing import Literal, TypeAlias

from vla_sim.align.reconciling.conflict_free import conflict_free
from vla_sim.align.reconciling.pcgrad import pcgrad
from vla_sim.align.reconciling.reconciler import Surgery

SurgeryName: TypeAlias = Literal["none", "pcgrad", "conflict-free"]

SURGERIES: dict[SurgeryName, Surgery | None] = {
    "none": None,
    "pcgrad": pcgrad,
    "conflict-free": conflict_free,
}
