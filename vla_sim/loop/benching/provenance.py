"""Provenance: who was measured and how, as lines of a run card, and which of them must stay."""

from collections.abc import Mapping
from pathlib import Path

from vla_sim.errors import RunFolderError
from vla_sim.eval.protocol import own_tasks_apart
from vla_sim.loop.benching.frozen import CARD_LINE, Frozen
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.choice import Choice
from vla_sim.loop.policy_digest import policy_digest
from vla_sim.loop.run_folder import BEGUN, RunFolder

DIGEST, OTHER_DIGEST = "policy/digest", "other/digest"
"""Lines with the digest of a policy, and of the one that it is compared with."""
_HELD = {
    "protocol": "under the protocol",
    DIGEST: "with a policy whose digest was",
    OTHER_DIGEST: "against a policy whose digest was",
}
"""Lines that have to be equal where a measurement goes on, beside the settings of tasks."""
_WAY_ON = "Put the former back, or give another --out"


def card_of(measurement: Measurement, choice: Choice, frozen: Frozen | None) -> dict[str, str]:
    """The run card of a policy's measurement.

    Args:
        measurement: How it is measured.
        choice: Who.
        frozen: The protocol's file, where there is one.
    """
    digest = policy_digest(choice)
    return {
        **measurement.card(str(choice)),
        **({DIGEST: digest} if digest else {}),
        **({CARD_LINE: frozen.stamp} if frozen is not None else {}),
    }


def require_as_begun(folder: Path, card: Mapping[str, str]) -> None:
    """Let a measurement go on only with the policies and the episodes that it was begun with.

    Raises:
        RunFolderError: If weights or a task were replaced meanwhile, or a list of episodes.
    """
    begun = RunFolder.open(folder).read_json(BEGUN).get("run_card", {})
    require_alike(folder, begun, card)


def require_alike(folder: Path, begun: Mapping[str, str], card: Mapping[str, str]) -> None:
    """The same, of lines that were read already; what only one of both says is passed over."""
    for name, words in _HELD.items():
        if name in begun and name in card and begun[name] != card[name]:
            raise RunFolderError(
                f"{folder} was begun {words} {begun[name]}, and now it is {card[name]}: what lies "
                f"at that place has changed meanwhile. {_WAY_ON}"
            )
    both = begun.keys() & card.keys()
    told = own_tasks_apart({n: begun[n] for n in both}, {n: card[n] for n in both})
    if told:
        raise RunFolderError(
            f"{folder} was begun with a task whose settings have changed meanwhile: {told}. "
            f"{_WAY_ON}"
        )
