"""The aligned model: shared towers, a grounded policy on top, and three vectors on one sphere.

Legend: B pictures, G goals a picture, Q queries, N rows, F pictures a clip, S cells,
C map channels, D text features, E embedding, Z modes, K chunk steps, A action components,
P proprioception, M bodies.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.aims import N_TOLD, Aims, told_of
from vla_sim.align.attention import GroundedAttention
from vla_sim.align.body import Body
from vla_sim.align.clip_tower import ClipTower
from vla_sim.align.encoders.action import ActionConfig
from vla_sim.align.encoders.table import AnyVisionConfig, TextConfig
from vla_sim.align.encoders.text import Reading, TransformerTextConfig
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.fusion.cross_attention import CrossAttentionConfig
from vla_sim.align.fusion.fusion import FusionSizes, Moment
from vla_sim.align.fusion.table import FusionConfig
from vla_sim.align.heads import Decoder, GoalHeads, HazardCode
from vla_sim.align.losses.temperature import INITIAL
from vla_sim.align.motion_head import MotionHead
from vla_sim.align.normaliser import Normaliser
from vla_sim.align.reach_head import ReachHead
from vla_sim.align.sentences import N_KEPT, KeptTexts, Sentences
from vla_sim.errors import UnknownName
from vla_sim.ranges import whole
from vla_sim.records.triple import N_PROPRIO, THING

TOWERS = ("vision", "text", "action", "clip", "policy")
"""What can be frozen by name; `policy` is all between the towers and a chunk."""
PAIRS = ("vl", "la", "va")
CONTRASTED = (*PAIRS, "step")
"""What is contrasted with a temperature of its own: the pairs of a segment, and of single moments
what is seen and said against the next chunk."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Settings of AlignModel."""

    vision: AnyVisionConfig = field(default_factory=VisionConfig)
    text: TextConfig = field(default_factory=TransformerTextConfig)
    action: ActionConfig = field(default_factory=ActionConfig)
    fusion: FusionConfig = field(default_factory=CrossAttentionConfig)
    """How picture and words of a moment become the state that `contrast_step` aligns."""
    n_embed: int = 256
    """Size of the vectors on the sphere."""
    n_query: int = 128
    """Hidden units between a sentence and its question to the cells."""
    n_glances: int = 1
    """Times that the cells are asked, each time knowing what was found before: 2 for tasks in which
    one thing says which other one is meant, such as the one of two that is sorted already."""
    n_hazard: int = 32
    """Numbers in which the decoder is told what a vehicle must not hit."""
    hidden: int = 256
    decoder_layers: int = 2
    """Hidden layers of the decoder: what a task's phases have to be told apart by, and by which
    formulas, takes three where tasks are many or long."""
    n_modes: int = 2
    """Ways that the decoder can propose at once: left or right of an obstacle, open or closed."""
    lines: bool = False
    """Tell the decoder how the hand lies to the lines from the thing to its place and to what comes
    next, for tasks that push or turn."""
    sideways: bool = False
    """Let an error of a car's curvature count by the acceleration sideways that it makes at the
    present speed: at 8 m/s a hundredth of the wheel's range is what a lane is left by."""
    siglip: tuple[str, ...] = ()
    """Pairs of CONTRASTED that are learnt by SigLIP in the place of InfoNCE, each with a learnt
    bias: it is a weight, and kept with the others."""
    reach: bool = False
    """Have a head that tells how long it takes to get there, see `ReachHead`."""
    motion: bool = False
    """Have a head that tells what moves in a strip of pictures, see `MotionHead`."""

    def __post_init__(self) -> None:
        whole(1, n_embed=self.n_embed, n_query=self.n_query, n_hazard=self.n_hazard)
        whole(1, n_modes=self.n_modes, decoder_layers=self.decoder_layers)
        whole(1, n_glances=self.n_glances)
        whole(2, hidden=self.hidden)
        for pair in self.siglip:
            if pair not in CONTRASTED:
                raise UnknownName("pair for siglip", pair, CONTRASTED)

    def build(
        self, bodies: Sequence[Body], tokenizer: Tokenizer, generator: torch.Generator | None = None
    ) -> "AlignModel":
        """A model with these settings. `generator` draws the words to drop in training."""
        return AlignModel(self, bodies, tokenizer, generator or torch.Generator())


@dataclass(frozen=True, kw_only=True)
class PolicyOutput:
    """What the policy makes of B pictures with G sentences each.

    Attributes:
        chunk_BGKA: Normalised actions, not clipped: those of the likeliest mode.
        chunk_BGZKA: The same of each of Z modes.
        logit_BGZ: How likely each mode is, before normalisation.
        goal_BGQ3: Regressed points in units of the body's goal scale.
        has_point_BGQ: Logits of there being such a point.
        held_BG: Logits of the goal's thing being held.
        aims: What the decoder was told, (B, G, ...).
        log_attention_BGQS: Logarithm of the attention over cells.
        peak_BGQ: How well the best cell answers, see `Look`.
        hazard_BS: Logits of the hazard grid.
        state_BGX: What the decoder was told.
        moment: What was seen and said, for the alignment of single steps.
    """

    chunk_BGKA: Tensor
    chunk_BGZKA: Tensor
    logit_BGZ: Tensor
    goal_BGQ3: Tensor
    has_point_BGQ: Tensor
    held_BG: Tensor
    aims: Aims
    log_attention_BGQS: Tensor
    peak_BGQ: Tensor
    hazard_BS: Tensor
    state_BGX: Tensor
    moment: Moment


def likeliest(chunk_NZKA: Tensor, logit_NZ: Tensor) -> Tensor:
    """The chunk of the likeliest mode: one way is taken whole, ways are never averaged."""
    best_N = logit_NZ.argmax(-1)[..., None, None, None]
    best_N1KA = best_N.expand(*chunk_NZKA.shape[:-3], 1, *chunk_NZKA.shape[-2:])
    return chunk_NZKA.gather(-3, best_N1KA).squeeze(-3)


class AlignModel(nn.Module):
    """One model for all bodies and tasks; the task is in the picture and the words only."""

    def __init__(
        self,
        config: ModelConfig,
        bodies: Sequence[Body],
        tokenizer: Tokenizer,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.config = config
        self.bodies = tuple(bodies)
        self.tokenizer = tokenizer
        self._texts = KeptTexts()
        n_map, hidden, n_embed = config.vision.n_out, config.hidden, config.n_embed
        self.normaliser = Normaliser(bodies, sideways=config.sideways)
        self.vision = config.vision.build()
        self.text = config.text.build(tokenizer, generator)
        n_text, n_bodies = self.text.width, len(bodies)
        self.attention = GroundedAttention(
            n_map=n_map,
            n_text=n_text,
            n_known=N_PROPRIO + n_bodies,
            n_query=config.n_query,
            n_glances=config.n_glances,
        )
        self.goal = GoalHeads(n_map=n_map, n_text=n_text, n_bodies=n_bodies, hidden=hidden // 2)
        self.hazard = HazardCode(n_code=config.n_hazard)
        self.decoder = Decoder(
            n_text=n_text,
            n_hazard=config.n_hazard,
            robots=[body.name for body in bodies],
            hidden=hidden,
            n_layers=config.decoder_layers,
            n_modes=config.n_modes,
            hears_lines=config.lines,
        )
        self.clip = ClipTower(n_map=n_map, hidden=hidden, n_embed=n_embed)
        self.sentence = nn.Sequential(
            nn.Linear(n_text, hidden), nn.ReLU(), nn.Linear(hidden, n_embed)
        )
        self.action = config.action.build(n_bodies=n_bodies, n_embed=n_embed)
        self.n_state = N_TOLD + N_PROPRIO + n_bodies + n_text + config.n_hazard
        self.fusion = config.fusion.build(
            FusionSizes(
                n_map=n_map,
                n_text=n_text,
                n_known=N_PROPRIO + n_bodies,
                n_state=self.n_state,
                hidden=hidden,
                n_embed=n_embed,
            )
        )
        self.predict_v = nn.Sequential(
            nn.Linear(2 * n_embed, hidden), nn.ReLU(), nn.Linear(hidden, n_embed)
        )
        self.predict_a = nn.Sequential(
            nn.Linear(2 * n_embed, hidden), nn.ReLU(), nn.Linear(hidden, n_embed)
        )
        self.log_inverse_temperature = nn.ParameterDict(
            {pair: nn.Parameter(torch.tensor(INITIAL)) for pair in CONTRASTED}
        )
        self.contrast_bias = nn.ParameterDict(
            {pair: nn.Parameter(torch.tensor(0.0)) for pair in config.siglip}
        )
        # Last, so that the weights of all others are drawn as if these were not there.
        self.reach = ReachHead(n_state=self.n_state, hidden=hidden) if config.reach else None
        self.motion = MotionHead(n_map=n_map) if config.motion else None

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, each distinct one encoded once, shape (N, D)."""
        return self.sentences(texts).features(range(len(texts)))

    def sentences(self, texts: Sequence[str]) -> Sentences:
        """Sentences to encode some of, or some after others.

        A frozen tower encodes a sentence once for all: see `forget_texts`.
        """
        frozen = self.training and not self.learns_words
        return Sentences(texts, self._kept_reading if frozen else self.text.reading)

    def _kept_reading(self, texts: list[str]) -> Reading:
        return lambda places: self.kept_texts([texts[place] for place in places])

    @property
    def learns_words(self) -> bool:
        """Whether the text tower changes."""
        return any(p.requires_grad for p in self.text.parameters())

    def forget_texts(self) -> None:
        """Drop the sentence features that are kept; for whoever changes the tower."""
        self._texts.forget()

    def kept_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences as they were when each was first asked for, shape (N, D).

        Nothing is learnt through them; `forget_texts` ends their time.
        """
        most = None if self.learns_words else N_KEPT
        return self._texts.features(self.text, texts, most=most)

    def act(
        self,
        map_BSC: Tensor,
        text_BGD: Tensor,
        proprio_BP: Tensor,
        body_B: Tensor,
        *,
        truth: Aims | None = None,
        told_BG: Tensor | None = None,
    ) -> PolicyOutput:
        """Where to go and how, for every sentence of every picture.

        Args:
            map_BSC: Feature maps of the pictures.
            text_BGD: Features of the sentences.
            proprio_BP: Raw proprioception, padded.
            body_B: int64, index of the body.
            truth: The true aims (B, G, ...), for teacher forcing.
            told_BG: bool, where the decoder is told the truth instead of what the eye makes of it.
        """
        n_goals = text_BGD.shape[1]
        norm = self.normaliser

        def each(value_BX: Tensor) -> Tensor:
            return value_BX.unsqueeze(1).expand(-1, n_goals, -1)

        known_BX = torch.cat((norm.proprio(proprio_BP, body_B), norm.body_code(body_B)), dim=-1)
        look = self.attention(map_BSC, text_BGD, known_BX)
        said_BGX = torch.cat((text_BGD, each(known_BX)), dim=-1)
        answer_BGQX = self.goal.answers(look.feature_BGQC, look.place_BGQ2, said_BGX)
        goal_BGQ3, has_point_BGQ = answer_BGQX[..., :3], answer_BGQX[..., 3]
        aims = Aims(
            point_NQ3=norm.points(goal_BGQ3, body_B),
            has_point_NQ=(has_point_BGQ > 0.0).to(goal_BGQ3.dtype),
            held_N=answer_BGQX.sigmoid()[:, :, THING, 4],  # of all: a narrow one would round anew
        )
        if truth is not None and told_BG is not None:
            aims = truth.where(told_BG, aims)
        chunk_BGZKA, logit_BGZ, state_BGX = self.decode(
            aims, look.hazard_BS, text_BGD, proprio_BP, body_B
        )
        return PolicyOutput(
            chunk_BGKA=likeliest(chunk_BGZKA, logit_BGZ),
            chunk_BGZKA=chunk_BGZKA,
            logit_BGZ=logit_BGZ,
            goal_BGQ3=goal_BGQ3,
            has_point_BGQ=has_point_BGQ,
            held_BG=answer_BGQX[:, :, THING, 4],
            aims=aims,
            log_attention_BGQS=look.log_attention_BGQS,
            peak_BGQ=look.peak_BGQ,
            hazard_BS=look.hazard_BS,
            state_BGX=state_BGX,
            moment=Moment(
                map_BSC=map_BSC, text_BGD=text_BGD, known_BK=known_BX, state_BGX=state_BGX
            ),
        )

    def decode(
        self,
        aims: Aims,
        hazard_BS: Tensor,
        text_BGD: Tensor,
        proprio_BP: Tensor,
        body_B: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """From aims and hazards, wherever they come from, to chunks.

        Nothing of the picture enters but these two: so the decoder can be rehearsed without
        pictures, on the simulator's truth.

        Args:
            aims: Of the goals, (B, G, ...).
            hazard_BS: Logits of the hazard grid.
            text_BGD: Features of the sentences.
            proprio_BP: Raw proprioception, padded.
            body_B: int64, index of the body.

        Returns:
            Normalised actions of each mode, not clipped (B, G, Z, K, A), the modes' logits
            (B, G, Z), and what the decoder was told (B, G, X).
        """
        n_goals = text_BGD.shape[1]
        norm = self.normaliser
        scale_B11 = norm.goal_scale_M3[body_B].amax(-1)[:, None, None]
        # One length for all axes keeps angles: a turned frame must not be a stretched one.
        told_BGX = told_of(aims, proprio_BP.unsqueeze(1), scale_B11.unsqueeze(1))
        code_BH = self.hazard(hazard_BS, norm, body_B, proprio_BP)
        known_BX = torch.cat(
            (norm.proprio(proprio_BP, body_B), norm.body_code(body_B), code_BH), dim=-1
        )
        circumstances_BGX = torch.cat(
            (known_BX.unsqueeze(1).expand(-1, n_goals, -1), text_BGD), dim=-1
        )
        chunk_BGZKA, logit_BGZ = self.decoder(told_BGX, circumstances_BGX, body_B)
        return chunk_BGZKA, logit_BGZ, torch.cat((told_BGX, circumstances_BGX), dim=-1)

    def embed_clip(self, map_NFSC: Tensor, time_NF: Tensor) -> tuple[Tensor, Tensor]:
        """z_V of clips on the unit sphere (N, E), and the log attention on the outcome (N, S)."""
        out_NE, log_attention_NS = self.clip(map_NFSC, time_NF)
        return functional.normalize(out_NE, dim=-1), log_attention_NS

    def embed_text(self, text_ND: Tensor) -> Tensor:
        """z_L of sentence features on the unit sphere, shape (N, E)."""
        return functional.normalize(self.sentence(text_ND), dim=-1)

    def embed_action(
        self, knots_NKA: Tensor, duration_N: Tensor, start_NP: Tensor, body_N: Tensor
    ) -> Tensor:
        """z_A of action sequences on the unit sphere, shape (N, E)."""
        norm = self.normaliser
        masked_NKA = knots_NKA * norm.action_mask_MA[body_N].unsqueeze(1)
        start_NP = norm.proprio(start_NP, body_N)
        out_NE = self.action(masked_NKA, duration_N, start_NP, norm.body_code(body_N))
        return functional.normalize(out_NE, dim=-1)

    def embed_state(self, moment: Moment) -> Tensor:
        """z_S: what picture and words ask of the next step, on the unit sphere, (B, G, E)."""
        return functional.normalize(self.fusion(moment), dim=-1)

    def embed_chunk(self, chunk_NKA: Tensor, body_N: Tensor) -> Tensor:
        """z_A of single chunks on the unit sphere, shape (N, E).

        Of the chunk and nothing else: told where a chunk begins, the towers would tell moments
        apart by that alone, and what the chunk does would not have to be learnt.
        """
        dt_M = torch.tensor([body.control_dt_s for body in self.bodies], device=chunk_NKA.device)
        duration_N = dt_M[body_N] * chunk_NKA.shape[1]
        anywhere_NP = self.normaliser.proprio_centre_MP[body_N]
        return self.embed_action(chunk_NKA, duration_N, anywhere_NP, body_N)

    def keep_frozen(self) -> None:
        """Freeze again what the towers do not learn now, after a caller let all of it learn."""
        self.vision.keep_frozen()
        self.text.keep_frozen()

    def parts(self, tower: str) -> tuple[nn.Module, ...]:
        """The modules of a tower.

        Raises:
            UnknownName: If there is no such tower.
        """
        table: dict[str, tuple[nn.Module, ...]] = {
            "vision": (self.vision,),
            "text": (self.text,),
            "action": (self.action,),
            "clip": (self.clip,),
            "policy": (self.attention, self.goal, self.hazard, self.decoder),
        }
        if tower not in table:
            raise UnknownName("tower", tower, TOWERS)
        return table[tower]
