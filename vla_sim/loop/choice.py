"""Who acts, and how it decides: a policy's name with the switches of the aligned policy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from vla_sim.agents.controls import POLICIES
from vla_sim.agents.ensemble import ENSEMBLE, MOST_ENSEMBLE
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.shield.mode import SHIELD_MODES, ShieldMode
from vla_sim.errors import BadConfig
from vla_sim.foreign import is_foreign
from vla_sim.ranges import whole, within

RETRIEVAL = "retrieval:"
"""What stands before a run's folder where its stored chunks act and not its decoder."""
LEROBOT = "lerobot:"
"""What stands before the folder of a policy that LeRobot trained."""
REMOTE = ("ws://", "wss://")
"""What stands before the address of a policy server."""
MOST_PROPOSALS = 64
MOST_GUIDANCE = 10.0
_SWITCH = re.compile(
    r"(?P<proposals>\d+) proposals|guidance (?P<guidance>[\d.e+-]+)"
    r"|ensemble (?P<ensemble>[\d.e+-]+)|contract (?P<contract>\S+)"
    rf"|shield (?P<shield>{'|'.join(SHIELD_MODES)})"
)


class Asked(Protocol):
    """Settings that name a policy and its switches, as every verb has them that takes one."""

    @property
    def policy(self) -> str:
        """As `policy_of` takes it."""
        ...

    @property
    def proposals(self) -> int:
        """See `Choice`."""
        ...

    @property
    def guidance(self) -> float:
        """See `Choice`."""
        ...

    @property
    def ensemble(self) -> float:
        """See `Choice`."""
        ...

    @property
    def policy_arg(self) -> Mapping[str, str]:
        """See `Choice.args`."""
        ...

    @property
    def contract(self) -> str:
        """See `Choice`."""
        ...

    @property
    def crank(self) -> CrankConfig:
        """What it acts in: its shield is a part of who acts."""
        ...


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A policy as somebody asked for it.

    Attributes:
        name: As `policy_of` takes it.
        proposals: Wordings by which chunks are proposed at each decision; what they agree on is
            run.
        ensemble: Share of the chunk before in what is run, see `TemporalEnsemble`.
        guidance: How far chunks are led away from what they would be without words.
        args: Arguments of what makes a policy of the user's own, or of a connection, as they are
            typed: (name, value).
        contract: What a policy from outside speaks, see `contract_of`; "": what it says itself.
        shield: What stands between it and the robot, see `CrankConfig`.
    """

    name: str
    proposals: int = 1
    guidance: float = 1.0
    ensemble: float = ENSEMBLE
    args: tuple[tuple[str, str], ...] = ()
    contract: str = ""
    shield: ShieldMode = "off"

    def __post_init__(self) -> None:
        whole(1, MOST_PROPOSALS, proposals=self.proposals)
        within(0, MOST_GUIDANCE, guidance=self.guidance)
        within(0, MOST_ENSEMBLE, ensemble=self.ensemble)
        if self.args and not self.takes_args:
            raise BadConfig(
                f"policy_arg {self._typed} for the policy {self.name!r}: arguments are for a "
                "policy of your own (module:name) or a server (ws://host:port)"
            )
        if self.contract and not (is_remote(self.name) or is_foreign(self.name)):
            raise BadConfig(
                f"contract {self.contract!r} for the policy {self.name!r}: a contract is for a "
                "server (ws://host:port), or a policy of your own that has `infer` (module:name)"
            )
        if not self.switched:
            return
        asked = f"{self.told} for the policy {self.name!r}"
        if self.name.startswith(RETRIEVAL) and self.proposes:
            raise BadConfig(f"{asked}: a retrieval policy has one answer and no decoder to guide")
        is_named = self.name in POLICIES or self.is_outside
        if is_named or (Path(self.name) / "finetune.json").is_file():
            raise BadConfig(f"{asked}: these are switches of an aligned model; name its run")

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """The choice that a verb's settings make."""
        return cls(
            name=asked.policy,
            proposals=asked.proposals,
            guidance=asked.guidance,
            ensemble=asked.ensemble,
            args=tuple(sorted(asked.policy_arg.items())),
            contract=asked.contract,
            shield=asked.crank.shield,
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """The choice that `str` wrote down, as a result says who was measured.

        Raises:
            BadConfig: If it is not one that `str` writes.
        """
        if not text.endswith(")"):
            return cls(name=text)
        # A folder's name may have brackets too: what follows one of them is switches.
        for found in re.finditer(r" \(", text):
            choice = cls._switched(text[: found.start()], text[found.end() : -1])
            if choice is not None and str(choice) == text:
                return choice
        raise BadConfig(
            f"{text!r} does not say how to make the policy again; name it: --policy NAME"
        )

    @classmethod
    def _switched(cls, name: str, told: str) -> Self | None:
        """A policy with its switches in words; None where they are none."""
        said: dict[str, Any] = {}
        args: list[tuple[str, str]] = []
        for part in told.split(", "):
            if found := _SWITCH.fullmatch(part):
                said |= {key: value for key, value in found.groupdict().items() if value}
            else:
                pairs = [pair.partition("=") for pair in part.split(" ")]
                if not all(equals for _, equals, _ in pairs):
                    return None
                args += [(key, value) for key, _, value in pairs]
        return cls(
            name=name,
            proposals=int(said.get("proposals", 1)),
            guidance=float(said.get("guidance", 1.0)),
            ensemble=float(said.get("ensemble", ENSEMBLE)),
            args=tuple(args),
            contract=said.get("contract", ""),
            shield=said.get("shield", "off"),
        )

    @classmethod
    def again(cls, text: str, name: str = "") -> Self:
        """Who acted in a result, where the policy lies now.

        Args:
            text: As the result says it.
            name: The policy's place now; empty for the one that the result names. What the result
                says of switches and shield holds for it too, where that can be read back.

        Raises:
            BadConfig: If no place is given and the text is not one that `str` writes, or the policy
                there does not take the switches.
        """
        if not name:
            return cls.read(text)
        try:
            said = cls.read(text)
        except BadConfig:
            return cls(name=name)
        return replace(said, name=name)

    @property
    def is_outside(self) -> bool:
        """Whether it is somebody else's, which may fail in an episode."""
        return self.fits_itself or is_foreign(self.name)

    @property
    def fits_itself(self) -> bool:
        """Whether its shapes have to be compared with those of the simulations that it acts in."""
        name = self.name
        is_file = name.endswith(".zip") or name.startswith(LEROBOT)
        return is_file or is_remote(name) or bool(self.contract)

    @property
    def takes_args(self) -> bool:
        """Whether it is made by what takes arguments."""
        return is_remote(self.name) or is_foreign(self.name)

    @property
    def proposes(self) -> bool:
        """Whether it decides in another way than the model alone."""
        return self.proposals != 1 or self.guidance != 1.0

    @property
    def switched(self) -> bool:
        """Whether any switch is not as it is by default."""
        return self.proposes or self.ensemble != ENSEMBLE

    @property
    def told(self) -> str:
        """The switches in words; empty where there are none."""
        said = [f"{self.proposals} proposals"] if self.proposals != 1 else []
        said += [f"guidance {_whole(self.guidance)}"] if self.guidance != 1.0 else []
        said += [f"ensemble {_whole(self.ensemble)}"] if self.ensemble != ENSEMBLE else []
        return ", ".join(said)

    @property
    def _typed(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.args)

    def __str__(self) -> str:
        told = [self.told] if self.switched else []
        told += [self._typed] if self.args else []
        told += [f"contract {self.contract}"] if self.contract else []
        told += [f"shield {self.shield}"] if self.shield != "off" else []
        return f"{self.name} ({', '.join(told)})" if told else self.name


def _whole(value: float) -> str:
    """A number in as few digits as give it back."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def is_remote(name: str) -> bool:
    """Whether a name is the address of a policy server."""
    return name.startswith(REMOTE)
