"""How a shield is asked for."""

from typing import Literal, get_args

ShieldMode = Literal["off", "limits", "manner"]
SHIELD_MODES: tuple[ShieldMode, ...] = get_args(ShieldMode)
