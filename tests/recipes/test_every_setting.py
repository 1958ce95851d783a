"""Every number in every config that a recipe reaches is checked when it is made, by name."""

import math
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from vla_sim.align.encoders.hugging_face_text import HuggingFaceTextConfig
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig
from vla_sim.align.fusion.gate import GateConfig
from vla_sim.align.fusion.moe import MoeConfig
from vla_sim.align.fusion.poe import PoeConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.align.reconciling.uncertainty import UncertaintyConfig
from vla_sim.cli.verbs import VERBS
from vla_sim.errors import BadConfig

ZERO_IS_MEANT: frozenset[tuple[str, str]] = frozenset(
    {
        ("AlignRun", "last_expert_share"),
        ("AlignRun", "n_processes"),
        ("AlignRun", "seed"),
        ("BagTextConfig", "unknown_dropout"),
        ("BalanceConfig", "weight"),
        ("BenchRun", "films"),
        ("BenchRun", "first_seed"),
        ("BenchRun", "gallery"),
        ("BenchRun", "n_processes"),
        ("BenchRun", "severity"),
        ("BoundsConfig", "excess"),
        ("CodebookConfig", "commitment"),
        ("CodebookConfig", "decay"),
        ("CodebookConfig", "expire_below"),
        ("CoherencyConfig", "weight"),
        ("CollectRun", "seed"),
        ("ContrastConfig", "warm_up"),
        ("DetectRun", "ensemble"),
        ("DetectRun", "guidance"),
        ("FilmRun", "seed"),
        ("FilmRun", "severity"),
        ("FinetuneRun", "episodes"),
        ("FinetuneRun", "rounds_per_evaluation"),
        ("FinetuneRun", "seed"),
        ("FreezeRun", "first_seed"),
        ("FreezeRun", "gallery"),
        ("FreezeRun", "severity"),
        ("FsqConfig", "decay"),
        ("GateConfig", "entropy_floor"),
        ("HuggingFaceTextConfig", "unfreeze_from"),
        ("HuggingFaceTextConfig", "unfreeze_until"),
        ("HuggingFaceVisionConfig", "unfreeze_from"),
        ("HuggingFaceVisionConfig", "unfreeze_until"),
        ("MaskingConfig", "patches"),
        ("MaskingConfig", "weight"),
        ("MaskingConfig", "words"),
        ("MeasuredConfig", "ensemble"),
        ("MeasuredConfig", "guidance"),
        ("MemoryBankConfig", "batches"),
        ("MemoryConfig", "batch_rehearsal"),
        ("MemoryConfig", "n_rehearsal"),
        ("ModalityDropoutConfig", "weight"),
        ("OptimiserConfig", "base_learning_rate"),
        ("OptimiserConfig", "last_rate"),
        ("OptimiserConfig", "temperature_learning_rate"),
        ("OptimiserConfig", "warm_up_fraction"),
        ("OptimiserConfig", "weight_decay"),
        ("ParaphraseConfig", "weight"),
        ("PowerRun", "from_rate"),
        ("PowerRun", "rho"),
        ("PowerRun", "to_rate"),
        ("PpoConfig", "gae_lambda"),
        ("PpoConfig", "log_std"),
        ("PseudoLabelConfig", "cells"),
        ("PseudoLabelConfig", "mode_probability"),
        ("PseudoLabelConfig", "similarity"),
        ("PseudoLabelConfig", "since"),
        ("PseudoLabelConfig", "weight"),
        ("ReachabilityConfig", "margin"),
        ("ReachabilityConfig", "weight"),
        ("ReplayRun", "episode"),
        ("ResidualConfig", "pull"),
        ("ResidualConfig", "warm_up_env_steps"),
        ("RewardConfig", "prior"),
        ("RewardConfig", "shaping"),
        ("SacConfig", "demonstrations"),
        ("SacConfig", "expert_env_steps"),
        ("SacConfig", "log_std"),
        ("SacConfig", "pull"),
        ("SacConfig", "start_env_steps"),
        ("SayRun", "seed"),
        ("SemiHardConfig", "margin"),
        ("ServeRun", "ensemble"),
        ("ServeRun", "guidance"),
        ("ServeRun", "steps"),
        ("ServerConfig", "port"),
        ("ServerConfig", "window_ms"),
        ("ShowcaseConfig", "n_failures"),
        ("ShowcaseConfig", "n_scenes"),
        ("SlotsConfig", "gamma"),
        ("SoftTargetsConfig", "band"),
        ("StationConfig", "clip_jitter"),
        ("StoppingConfig", "min_retrieval_gain"),
        ("StoppingConfig", "min_success_gain"),
        ("StoppingConfig", "retrieval_weight"),
        ("StoppingConfig", "target_retrieval"),
        ("StoppingConfig", "target_task_success"),
        ("StudyRun", "seeds"),
        ("TrainerConfig", "freeze_text_after"),
        ("TrainerConfig", "goal_forcing"),
        ("TrainerConfig", "last_goal_forcing"),
        ("TrainerConfig", "rehearsal_noise"),
        ("TransformerTextConfig", "unknown_dropout"),
        ("UnfreezeConfig", "after"),
        ("UntilConfig", "width"),
        ("VisionConfig", "n_deep"),
        ("VoteConfig", "floor"),
    }
)
"""(class, field) for which zero has a meaning; all `Weights` besides."""
NEGATIVE_IS_MEANT = {
    ("PoeConfig", "least_log_variance"),
    ("PpoConfig", "log_std"),
    ("PseudoLabelConfig", "similarity"),
    ("SacConfig", "log_std"),
}
SEEDS = ("AlignRun", "CollectRun", "FinetuneRun")
ALTERNATIVES = (
    BagTextConfig(),
    HuggingFaceTextConfig(name="somewhere", train="unfrozen"),
    HuggingFaceVisionConfig(name="somewhere", train="unfrozen"),
    GateConfig(),
    PoeConfig(),
    MoeConfig(),
    CodebookConfig(),
    FsqConfig(),
    GradNormConfig(),
    UncertaintyConfig(),
)
"""Configs that a recipe may be given instead of its own."""


def configs_in(settings: Any) -> Iterator[Any]:
    """A config and all that it holds."""
    yield settings
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            yield from configs_in(value)


def reachable() -> dict[str, Any]:
    """One config of each class that any verb's recipes reach."""
    found: dict[str, Any] = {type(config).__name__: config for config in ALTERNATIVES}
    for verb in VERBS.values():
        for recipe in list(verb.recipes().values())[:3]:
            for config in configs_in(recipe()):
                found.setdefault(type(config).__name__, config)
    return found


CONFIGS = reachable()


def number_types(hint: Any) -> set[type]:
    """int and float, where a type hint lets them in; bool is neither."""
    if get_origin(hint) in (Union, types.UnionType, tuple):
        return {kind for part in get_args(hint) for kind in number_types(part)}
    return {hint} & {int, float}


def numbers() -> Iterator[tuple[str, str, type, bool]]:
    for name, config in CONFIGS.items():
        hints = get_type_hints(type(config))
        for field in fields(config):
            for kind in number_types(hints[field.name]):
                yield name, field.name, kind, get_origin(hints[field.name]) is tuple


NUMBERS = list(numbers())


def means_zero(name: str, field: str) -> bool:
    return name == "Weights" or (name, field) in ZERO_IS_MEANT


def test_the_walk_reaches_the_configs() -> None:
    assert {"AlignRun", "MemoryConfig", "Weights", "PpoConfig", "CrankConfig"} <= set(CONFIGS)
    assert len(NUMBERS) > 90


@pytest.mark.parametrize(("name", "field", "kind", "many"), NUMBERS)
def test_a_number_that_means_nothing_is_refused_by_name(
    name: str, field: str, kind: type, many: bool
) -> None:
    config = CONFIGS[name]
    wrong: list[float] = [] if (name, field) in NEGATIVE_IS_MEANT else [kind(-1)]
    if not means_zero(name, field):
        wrong.append(kind(0))
    wrong += [math.nan, math.inf] if kind is float else [1.5]
    for value in wrong:
        with pytest.raises(BadConfig, match=field):
            replace(config, **{field: (value,) if many else value})


@pytest.mark.parametrize(("name", "field"), sorted(ZERO_IS_MEANT))
def test_a_zero_that_means_something_is_taken(name: str, field: str) -> None:
    zero = (0,) if isinstance(getattr(CONFIGS[name], field), tuple) else 0
    assert getattr(replace(CONFIGS[name], **{field: zero}), field) == zero


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("seed", [2**31, 2**32, 10**13, 10**20])
def test_a_seed_that_some_layer_cannot_hold_is_refused_with_the_range(name: str, seed: int) -> None:
    with pytest.raises(BadConfig, match=f"seed is {seed}; use a whole number, 0 to 2147483647"):
        replace(CONFIGS[name], seed=seed)
