"""What a reset asks for, checked before anything moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.ranges import MAX_EPISODE_SEED
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.seed import checked_seed

Seeds = int | Sequence[int | None] | NDArray[np.integer[Any]] | None
"""One seed (simulation i gets seed + i), one per simulation, or None for fresh ones."""


@dataclass(frozen=True, kw_only=True)
class ResetRequest:
    """Which simulations of a batch begin anew, and with what.

    Attributes:
        slots: int64 (m,), the simulations that begin anew.
        first_seed: Seeds the generator of fresh seeds; None leaves it as it is.
        seeds: m seeds; None asks for a fresh one.
        specs: m episodes that were given instead, or None.
    """

    slots: NDArray[np.int64]
    first_seed: int | None
    seeds: tuple[int | None, ...]
    specs: tuple[EpisodeSpec, ...] | None


def asked_of_one(options: Mapping[str, Any] | None) -> EpisodeSpec | None:
    """The episode that the options of a single environment's reset ask for, if any.

    Raises:
        BadConfig: If an option is for a batch, or "spec" is no EpisodeSpec.
        UnknownName: If there is no such option.
    """
    _check_names(
        options,
        ("spec",),
        {
            "specs": "a list is for the batch of make_vec; give one environment 'spec'",
            "reset_mask": "it chooses among the simulations of make_vec; here there is one",
        },
    )
    return _spec("spec", options["spec"]) if options else None


def asked_of_batch(seed: Seeds, options: Mapping[str, Any] | None, n: int) -> ResetRequest:
    """What the reset of a batch of n simulations asks for.

    Raises:
        BadConfig: If a seed is no whole number or out of range, if seeds or episodes are not one
            per simulation, if the mask is no mask, or an option is for a single environment.
        UnknownName: If there is no such option.
    """
    _check_names(
        options,
        ("specs", "reset_mask"),
        {"spec": f"it is for a single environment; give the batch 'specs', a list of {n}"},
    )
    options = options or {}
    seeds = seeds_of(seed, n)
    mask = _mask(options["reset_mask"], n) if "reset_mask" in options else np.ones(n, dtype=bool)
    slots = np.flatnonzero(mask)
    specs = None
    if "specs" in options:
        given = options["specs"]
        if isinstance(given, EpisodeSpec | str) or not isinstance(given, Sequence):
            raise BadConfig(f"reset option 'specs' is {given!r}; give a list of {n} EpisodeSpecs")
        if len(given) != n:
            raise BadConfig(f"{len(given)} episodes were given to {n} simulations")
        specs = tuple(_spec(f"specs[{k}]", given[k]) for k in slots.tolist())
    return ResetRequest(
        slots=slots,
        first_seed=next((s for s in seeds if s is not None), None),
        seeds=tuple(seeds[k] for k in slots.tolist()),
        specs=specs,
    )


def seeds_of(seed: Seeds, n: int) -> list[int | None]:
    """One seed, or None for a fresh one, for each of n simulations.

    Raises:
        BadConfig: If a seed is no whole number or out of range, or they are not n.
    """
    if seed is None:
        return [None] * n
    many = seed.ndim == 1 if isinstance(seed, np.ndarray) else isinstance(seed, Sequence)
    if many and not isinstance(seed, int | str | bytes):
        if len(seed) != n:
            raise BadConfig(f"{len(seed)} seeds were given to {n} simulations")
        return [
            None if each is None else checked_seed(each, what=f"seed[{k}]")
            for k, each in enumerate(seed)
        ]
    first = checked_seed(seed)
    if first + n - 1 > MAX_EPISODE_SEED:
        raise BadConfig(f"seed is {first}, which leaves no room for {n} simulations below 2**63")
    return [first + k for k in range(n)]


def _check_names(
    options: Mapping[str, Any] | None, known: Sequence[str], elsewhere: Mapping[str, str]
) -> None:
    if options is None:
        return
    if not isinstance(options, Mapping):
        raise BadConfig(f"reset options are {options!r}; give a dict of {', '.join(known)}")
    for name in options:
        if name in elsewhere:
            raise BadConfig(f"reset option {name!r}: {elsewhere[name]}")
        if name not in known:
            raise UnknownName("reset option", str(name), known)


def _spec(name: str, given: object) -> EpisodeSpec:
    if not isinstance(given, EpisodeSpec):
        raise BadConfig(
            f"reset option {name!r} is {given!r}; give an EpisodeSpec, such as draw_spec makes"
        )
    return given


def _mask(given: object, n: int) -> NDArray[np.bool_]:
    mask = np.asarray(given)
    if mask.dtype != np.bool_ or mask.shape != (n,):
        raise BadConfig(
            f"reset option 'reset_mask' has the shape {mask.shape} and the type {mask.dtype}; give"
            f" {n} bools"
        )
    if not mask.any():
        raise BadConfig("reset option 'reset_mask' chooses no simulation; choose one or more")
    return mask
