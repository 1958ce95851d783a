"""Friction: coefficients per surface whose products are MuJoCo's coefficients per pair.

MuJoCo takes the greater coefficient of two geoms, or that of the geom with priority; Bullet
multiplies. Surfaces are solved for so that every pair that can meet gets MuJoCo's coefficient.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from vla_sim.errors import BadConfig

Floats = NDArray[np.float64]
_Key = tuple[float, ...]

_SELF_WEIGHT = 1e-3
"""Of pairs within one tree: an arm's friction against itself matters to nothing."""
_ACCIDENT_WEIGHT = 1e-2
"""Of what a robot touches with other geoms than those that have priority, its fingertips: what it
touches with the rest of its body is a collision, whose friction matters to little."""
_KEEP_WEIGHT = 1e-6
_TOLERANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class Friction:
    """Bullet's coefficients of each geom, shape (ngeom,) each.

    Attributes:
        sliding: Factors of the sliding coefficient.
        spinning: About the normal [m]; a pair's is the sum of each times the other's sliding one.
        rolling: About the tangents [m], likewise.
    """

    sliding: Floats
    spinning: Floats
    rolling: Floats


def friction_of(model: mujoco.MjModel) -> Friction:
    """Solve for the surfaces of a model; spinning and rolling are fitted as well as they can be.

    Raises:
        BadConfig: If sliding coefficients of the pairs that can meet are no products.
    """
    if model.ngeom == 0:
        return Friction(sliding=np.zeros(0), spinning=np.zeros(0), rolling=np.zeros(0))
    keys = [_key(model, g) for g in range(model.ngeom)]
    kinds = sorted(set(keys))
    index = {key: k for k, key in enumerate(kinds)}
    pairs = _meetings(model, [index[key] for key in keys])
    own = np.log([max(kind[2], 1e-6) for kind in kinds])
    matrix, wanted = [*(_KEEP_WEIGHT * np.eye(len(kinds)))], [*(_KEEP_WEIGHT * own)]
    for (a, b), weight in pairs.items():
        row = np.zeros(len(kinds))
        row[a] += weight
        row[b] += weight
        matrix.append(row)
        wanted.append(weight * np.log(max(_combined(kinds[a], kinds[b])[0], 1e-6)))
    factors = np.exp(np.linalg.lstsq(np.array(matrix), np.array(wanted), rcond=None)[0])
    for (a, b), weight in pairs.items():
        asked = _combined(kinds[a], kinds[b])[0]
        if weight == 1.0 and abs(factors[a] * factors[b] / max(asked, 1e-6) - 1.0) > _TOLERANCE:
            culprits = [_names(model, keys, kinds[k]) for k in (a, b)]
            raise BadConfig(
                "this model cannot run on PyBullet, which multiplies the frictions of two geoms:"
                f" no factors give {asked:g} between {culprits[0]} and {culprits[1]} beside what"
                " other pairs need. Give one of them priority or the friction of its neighbours,"
                " or run it on mujoco."
            )
    of = [index[key] for key in keys]
    return Friction(
        sliding=factors[of],
        spinning=_summed(pairs, kinds, factors, 1)[of],
        rolling=_summed(pairs, kinds, factors, 2)[of],
    )


def _key(model: mujoco.MjModel, geom: int) -> _Key:
    """Priority, condim and the three coefficients."""
    friction = model.geom_friction[geom].tolist()
    return (float(model.geom_priority[geom]), float(model.geom_condim[geom]), *friction)


def _combined(one: _Key, other: _Key) -> tuple[float, float, float]:
    """Sliding, spinning and rolling coefficient of a pair, by MuJoCo's rule."""
    if one[0] != other[0]:
        chosen = max(one, other)
    else:
        chosen = tuple(max(x, y) for x, y in zip(one, other, strict=True))
    return chosen[2], chosen[3] if chosen[1] >= 4 else 0.0, chosen[4] if chosen[1] >= 6 else 0.0


def _meetings(model: mujoco.MjModel, kinds: list[int]) -> dict[tuple[int, int], float]:
    """Pairs of kinds that can meet, with weight 1 if that is outside of one tree and meant."""
    root = model.body_rootid[model.geom_bodyid]
    static = model.body_weldid[model.geom_bodyid] == 0
    handy = {int(r) for r, priority in zip(root, model.geom_priority, strict=True) if priority > 0}
    by_accident = (model.geom_priority == 0) & ~static & np.isin(root, list(handy))
    pairs: dict[tuple[int, int], float] = {}
    for i in range(model.ngeom):
        for j in range(i + 1, model.ngeom):
            meets = (model.geom_contype[i] & model.geom_conaffinity[j]) | (
                model.geom_contype[j] & model.geom_conaffinity[i]
            )
            if not meets or (static[i] and static[j]):
                continue
            pair = (min(kinds[i], kinds[j]), max(kinds[i], kinds[j]))
            weight = _SELF_WEIGHT if root[i] == root[j] else 1.0
            if by_accident[i] or by_accident[j]:
                weight = min(weight, _ACCIDENT_WEIGHT)
            pairs[pair] = max(pairs.get(pair, 0.0), weight)
    return pairs


def _summed(
    pairs: dict[tuple[int, int], float], kinds: list[_Key], factors: Floats, which: int
) -> Floats:
    """Shares s >= 0 with s_a f_b + s_b f_a nearest to each pair's coefficient."""
    shares = np.zeros(len(kinds))
    if pairs:
        matrix, wanted = np.zeros((len(pairs), len(kinds))), np.zeros(len(pairs))
        for row, ((a, b), weight) in enumerate(pairs.items()):
            matrix[row, a] += weight * factors[b]
            matrix[row, b] += weight * factors[a]
            wanted[row] = weight * _combined(kinds[a], kinds[b])[which]
        shares = nnls(matrix, wanted)[0]
    return shares


def _names(model: mujoco.MjModel, keys: list[_Key], kind: _Key) -> str:
    names = [model.geom(g).name for g, key in enumerate(keys) if key == kind]
    return ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
