"""Base: a model of somebody else's, as it came, with an adapter, or unfrozen by depth.

Its weights stay where they came from. What is learnt of it travels with the checkpoint, and the
fingerprint of the weights that it was learnt on says whether both still belong together.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, fields
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import nn

from vla_sim.align.encoders.layers import Stack, stack_of
from vla_sim.errors import BadConfig, MissingExtra
from vla_sim.ranges import whole, within

RANK = 4
"""Of an adapter where none is asked for."""
ATTENTION = (
    *("query", "value", "q_proj", "v_proj", "q_lin", "v_lin"),
    *("q", "v", "qkv", "in_proj", "c_attn", "query_key_value"),
)
"""What models call the layers that an adapter changes first: those that attention asks with and
brings home with (arXiv 2106.09685, section 4.2)."""
_ADAPTER = "lora_"
"""Part of the name of every weight of an adapter."""


@dataclass(frozen=True, kw_only=True)
class BaseConfig:
    """How a base learns."""

    train: Literal["frozen", "lora", "unfrozen"] = "frozen"
    """What of the base learns: nothing, a low-rank adapter on it (extra "lora"), or its layers,
    from the top down."""
    lora_rank: int | None = None
    """Rank of the adapter; None for 4."""
    lora_targets: tuple[str, ...] = ()
    """Last names of the layers that are adapted; none for those of the attention, or all of a model
    that has none."""
    n_unfrozen: int | None = None
    """Layers that learn in the end, counted from the top; None for all, the embedding too."""
    unfreeze_from: float = 0.0
    """Share of the budget after which the top layer learns."""
    unfreeze_until: float = 0.3
    """The same of the lowest one; in between they follow evenly."""

    def __post_init__(self) -> None:
        whole(1, lora_rank=self.lora_rank, n_unfrozen=self.n_unfrozen)
        within(0, 1, unfreeze_from=self.unfreeze_from, unfreeze_until=self.unfreeze_until)
        for field in fields(BaseConfig)[1:]:
            value, needs = getattr(self, field.name), _NEEDS[field.name]
            if value != field.default and self.train != needs:
                raise BadConfig(
                    f"{field.name} is {value}, but train is {self.train!r}: say train {needs!r}, "
                    f"or leave {field.name} out"
                )
        if self.unfreeze_until < self.unfreeze_from:
            raise BadConfig(
                f"unfreeze_until is {self.unfreeze_until}, before unfreeze_from, "
                f"{self.unfreeze_from}: layers learn from the top down"
            )


_NEEDS = {
    "lora_rank": "lora",
    "lora_targets": "lora",
    "n_unfrozen": "unfrozen",
    "unfreeze_from": "unfrozen",
    "unfreeze_until": "unfrozen",
}
"""{setting: the kind of training that it belongs to}."""


class Base(nn.Module):
    """A foreign model and what of it learns.

    It stays in evaluation mode: nothing is dropped, and statistics of batches stay those of its
    own training.
    """

    def __init__(
        self, config: BaseConfig, model: nn.Module, *, name: str, drawn: Collection[str] = ()
    ) -> None:
        """A base over a model.

        Args:
            config: How it learns.
            model: The model; it is changed in place.
            name: What it is called, for the errors.
            drawn: Names of weights that it came without, drawn anew: they travel with ours.

        Raises:
            BadConfig: If there is nothing to adapt, or fewer layers than are to learn.
            MissingExtra: If an adapter is wanted and peft is not installed.
        """
        super().__init__()
        self.config = config
        self.name = name
        self.drawn = frozenset(drawn)
        self.sha256 = fingerprint(model, leaving_out=self.drawn)
        self.model = model.requires_grad_(False).eval()
        self.stack: Stack | None = None
        self.n_awake = 0
        self._learns: frozenset[str] = frozenset()
        if config.train == "lora":
            _adapt(self.model, config, name)
            self._learns = frozenset(n for n, _ in self.model.named_parameters() if _ADAPTER in n)
        elif config.train == "unfrozen":
            self.stack = stack_of(self.model, name)
            self.stack.check(config.n_unfrozen)
        for weight, parameter in self.model.named_parameters():
            parameter.requires_grad_(weight in self._learns)

    def train(self, mode: bool = True) -> "Base":
        """As ever, but for the model itself, which stays in evaluation mode."""
        super().train(mode)
        self.model.eval()
        return self

    @property
    def changes(self) -> bool:
        """Whether it ever learns."""
        return self.config.train != "frozen"

    @property
    def gradients(self) -> bool:
        """Whether anything of it learns now."""
        return any(parameter.requires_grad for parameter in self.model.parameters())

    def on_disk(self, name: str) -> bool:
        """Whether the weight `name` of this module is not as it came."""
        weight = name.removeprefix("model.")
        if weight.replace(".base_layer.", ".") in self.drawn:
            return True
        if self.stack is not None:
            return weight in self.stack.tail(self.config.n_unfrozen)
        return weight in self._learns

    def keep_frozen(self) -> None:
        """Freeze again what is not to learn now."""
        for name, parameter in self.model.named_parameters():
            if name not in self._learns:
                parameter.requires_grad_(False)

    def advance(self, fraction: float) -> None:
        """Let the layers learn that are due after a fraction of the budget."""
        if self.stack is None:
            return
        n = self.config.n_unfrozen or len(self.stack)
        first, last = self.config.unfreeze_from, self.config.unfreeze_until
        due = [first + (last - first) * k / max(n - 1, 1) for k in range(n)]
        n_awake = sum(fraction >= at for at in due)
        if n_awake == self.n_awake:
            return
        self.n_awake = n_awake
        self._learns = self.stack.tail(n_awake) if n_awake else frozenset()
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name in self._learns)


def fingerprint(model: nn.Module, *, leaving_out: Collection[str] = ()) -> str:
    """SHA-256 of a model's weights and their names, those left out that it came without."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if name not in leaving_out:
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(name.encode())
            digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _adapt(model: nn.Module, config: BaseConfig, name: str) -> None:
    """Put a low-rank adapter on a model, in place; at first it changes nothing."""
    if find_spec("peft") is None:
        raise MissingExtra("a LoRA adapter", "lora")
    # Here, because it takes seconds to import, and few ask for it.
    from peft import LoraConfig, inject_adapter_in_model

    settings: Any = LoraConfig(
        r=config.lora_rank or RANK,
        lora_alpha=2 * (config.lora_rank or RANK),
        target_modules=_targets(model, config.lora_targets, name),
    )
    inject_adapter_in_model(settings, model)


def _targets(model: nn.Module, wanted: Collection[str], name: str) -> list[str]:
    """Names of the layers that an adapter is put on."""
    can = [layer for layer, module in model.named_modules() if _adaptable(module)]
    last = {layer: layer.rpartition(".")[2] for layer in can}
    if unknown := sorted(set(wanted) - set(last.values())):
        raise BadConfig(
            f"lora_targets names {', '.join(unknown)}, and {name!r} has no such layer to adapt; it "
            f"has {', '.join(sorted(set(last.values()))) or 'none at all'}"
        )
    attention = [layer for layer in can if last[layer] in (wanted or ATTENTION)]
    if not attention and not can:
        raise BadConfig(f"{name!r} has no layer that LoRA could adapt: say train 'unfrozen'")
    return attention or can


def _adaptable(module: nn.Module) -> bool:
    """Matrices, and convolutions as torch has them: peft makes others of the same class."""
    if isinstance(module, nn.Conv2d):
        return type(module) is nn.Conv2d and module.groups == 1
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"  # GPT-2's matrix
