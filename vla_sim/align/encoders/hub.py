"""Models of `transformers`, from a folder or the hub, by what they take: pictures or words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from safetensors import SafetensorError
from torch import nn

from vla_sim.errors import BadConfig

Kind = Literal["vision", "text"]
INPUTS: dict[str, str] = {"vision": "pixel_values", "text": "input_ids"}
"""{kind of model: what its first argument is called}."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model as it came.

    Attributes:
        model: The model, or that half of it which takes what was asked for, in float32.
        drawn: Names of its weights that it came without, and that were drawn anew.
    """

    model: nn.Module
    drawn: frozenset[str]


def load_model(name: str, kind: Kind) -> Loaded:
    """A model that takes pictures, or words.

    Of a model of both, such as SigLIP or CLIP, the half that was asked for; of an encoder with a
    decoder, the encoder.

    Args:
        name: A folder with config.json and weights, or a name on the hub.
        kind: What it shall take.

    Raises:
        BadConfig: If there is none of that name, or it takes something else.
    """
    if not name:
        raise BadConfig(
            f"the {kind} tower 'hf' needs a model: give the folder of one or its name on the hub, "
            f"--{kind}.name FOLDER"
        )
    # Here, because it takes seconds to import, and other towers do without it.
    from transformers import AutoModel

    with reading(name, f"{kind} model", "config.json and weights"):
        whole, told = AutoModel.from_pretrained(name, output_loading_info=True)
    part, place = _part(whole, kind)
    takes = getattr(part, "main_input_name", INPUTS[kind])
    if takes != INPUTS[kind]:
        other = next((k for k, argument in INPUTS.items() if argument == takes), None)
        way_out = f"give it as --{other} hf --{other}.name {name}" if other else "give another"
        raise BadConfig(
            f"{name!r} is no {kind} model: its {type(whole).__name__} takes {takes}, and the "
            f"{kind} tower gives {INPUTS[kind]}; {way_out}"
        )
    missing = {str(key) for key in told["missing_keys"]}
    drawn = {key.removeprefix(place) for key in missing if key.startswith(place)}
    return Loaded(model=part.float(), drawn=frozenset(drawn))


def _part(whole: Any, kind: Kind) -> tuple[Any, str]:
    """The half of a model that takes what is asked for, and what its weights' names begin with."""
    if hasattr(whole, "vision_model") or hasattr(whole, "text_model"):
        half = f"{kind}_model"
        return (getattr(whole, half), f"{half}.") if hasattr(whole, half) else (whole, "")
    if kind == "text" and getattr(whole.config, "is_encoder_decoder", False):
        return whole.get_encoder(), "encoder."
    return whole, ""


@contextmanager
def reading(name: str, what: str, needs: str) -> Iterator[None]:
    """Whatever `transformers` refuses inside is one line that says the way out.

    Args:
        name: A folder or a name on the hub.
        what: What is looked for there.
        needs: What a folder has to hold.

    Raises:
        BadConfig: In place of what it raises.
    """
    from transformers.utils import logging

    loudness, had_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        said = str(error).strip().partition("\n")[0]
        raise BadConfig(
            f"no {what} {name!r}: it is neither a folder with {needs}, nor in the local hub cache, "
            f"nor reachable; give a folder, or go online once ({type(error).__name__}: {said})"
        ) from error
    finally:
        logging.set_verbosity(loudness)
        if had_bar:
            logging.enable_progress_bar()
