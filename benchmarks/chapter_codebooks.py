"""The rest of fusion, and data larger than memory: each against its oracle, and what it costs.

`python -m benchmarks.chapter_codebooks` prints a row for each; exits with 1 if one falls short.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.stats import norm

from benchmarks.peak_memory import peak_bytes
from benchmarks.row import Row, rows_told
from vla_sim.align.fusion.code_use import told_of
from vla_sim.align.fusion.fusion import FusionSizes, Moment
from vla_sim.align.fusion.poe import PoeConfig, product
from vla_sim.align.fusion.scalar_quantiser import ScalarQuantiser
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.fusion.vector_quantiser import VectorQuantiser
from vla_sim.errors import MissingExtra
from vla_sim.records.triple import GRID, N_GOALS, N_PROPRIO
from vla_sim.triples.buffer import TripleBufferConfig
from vla_sim.triples.row_file import RowFile
from vla_sim.triples.spec import step_spec
from vla_sim.triples.stored_memory import StoredMemory
from vla_sim.triples.stored_rows import StoredPart, StoredRows

UPDATES = 200
SIZES = FusionSizes(
    n_map=48, n_text=96, n_known=N_PROPRIO + 2, n_state=300, hidden=256, n_embed=256
)
"""About those of the default recipe."""
PICTURES = 32
N_ROWS = 100_000
"""On disk, of 64 px: 1.4 GB."""
PX = 64
DRAWN = 480


def oracles() -> Iterator[Row]:
    """Quantisers against another implementation, the product of experts against its integral."""
    try:
        from vector_quantize_pytorch import FSQ, VectorQuantize
    except ImportError as error:
        raise MissingExtra("the oracle of the quantisers", "dev") from error
    torch.manual_seed(0)
    ours = VectorQuantiser(n_codes=256, n_components=32, decay=0.99, expire_below=0.0)
    theirs = VectorQuantize(
        dim=32,
        codebook_size=256,
        decay=0.99,
        threshold_ema_dead_code=0,
        rotation_trick=False,
    ).train()
    for held in (theirs._codebook.embed, theirs._codebook.embed_avg):
        held.data.copy_(ours.code_KD.unsqueeze(0))
    gap = 0.0
    for _ in range(UPDATES):
        token_ND = torch.randn(2560, 32)
        before_KD = ours.code_KD.clone()
        _, chosen_N, _ = theirs(token_ND.unsqueeze(0))
        ours_N, theirs_N = ours(token_ND)[1], chosen_N.squeeze(0)
        # Two codes may lie as near as float32 can tell: then either may be chosen.
        near, there = ((token_ND - before_KD[k]).norm(dim=1) for k in (ours_N, theirs_N))
        ours.follow(token_ND, theirs_N, torch.Generator())
        gap = max(
            gap,
            float(((near - there) / there).abs().max()),
            float((ours.code_KD - theirs.codebook).abs().max()),
        )
    yield _below(f"VQ against vector-quantize-pytorch, {UPDATES} updates, largest gap", gap, 1e-6)
    levels, token_ND = (8, 5, 5, 5), 2.0 * torch.randn(20_000, 4)
    gap = float(
        (ScalarQuantiser(levels)(token_ND)[0] - FSQ(list(levels))(token_ND[None])[0]).abs().max()
    )
    yield _below("FSQ against vector-quantize-pytorch, 20,000 tokens, largest gap", gap, 1e-6)
    gap, rng, grid = 0.0, np.random.default_rng(0), np.linspace(-12.0, 12.0, 24_001)
    for _ in range(50):
        means, log_variances = rng.uniform(-2, 2, 2), rng.uniform(-3, 1.5, 2)
        density = norm.pdf(grid)
        for mean, log_variance in zip(means, log_variances, strict=True):
            density = density * norm.pdf(grid, mean, np.exp(0.5 * log_variance))
        density /= density.sum()
        centre = float((grid * density).sum())
        made = product(*([torch.tensor(v) for v in values] for values in (means, log_variances)))
        spread = float(((grid - centre) ** 2 * density).sum())
        gap = max(gap, abs(float(made[0]) - centre), abs(float(made[1]) - spread))
    yield _below("product of experts against the densities' integral, 50 products", gap, 1e-6)


def _below(name: str, value: float, bar: float) -> Row:
    return Row(name=name, value=f"{value:.1e}", bar=f"<= {bar:.0e}", holds=value <= bar)


def expiry() -> Iterator[Row]:
    """How many codes are in use where tokens lie away from where codes begin."""
    used = {}
    for expire_below in (0.0, 0.1):
        torch.manual_seed(0)
        held = VectorQuantiser(n_codes=256, n_components=32, decay=0.99, expire_below=expire_below)
        generator, centre_32D = torch.Generator().manual_seed(1), 3.0 * torch.randn(32, 32) + 4.0
        share_MK = torch.zeros(2, 256)
        for _ in range(UPDATES):
            token_ND = centre_32D[torch.randint(32, (2560,))] + torch.randn(2560, 32)
            code_N = held(token_ND)[1]
            held.follow(token_ND, code_N, generator)
            share_MK = torch.lerp(share_MK, torch.bincount(code_N, minlength=256).float(), 0.01)
        used[expire_below] = float(told_of(share_MK)["codes/used_picture"])
    yield Row(
        name=f"codes in use after {UPDATES} updates, with expiry and without",
        value=f"{100 * used[0.1]:.0f} % and {100 * used[0.0]:.0f} %",
        bar=">= 50 % with",
        holds=used[0.1] >= 0.5,
    )


def calibration() -> Iterator[Row]:
    """Of two experts one begins by claiming too little variance, the other too much."""
    torch.manual_seed(0)
    fusion, generator = PoeConfig().build(SIZES), torch.Generator().manual_seed(2)
    with torch.no_grad():
        fusion.doubt_of_picture.bias.sub_(2.0)
        fusion.doubt_of_words.bias.add_(2.0)
    doubts = (fusion.doubt_of_picture, fusion.doubt_of_words)
    optimiser = torch.optim.Adam(
        [
            {"params": [doubt.weight for doubt in doubts], "lr": 1e-3},
            {"params": [doubt.bias for doubt in doubts], "lr": 2e-2},
        ]
    )
    watched = []
    for _ in range(2 * UPDATES):
        given = _moment(generator)
        means, _ = fusion.experts(given)
        noise_BGE = torch.randn(means[1].shape, generator=generator) * SIZES.n_embed**-0.5
        action_RE = torch.nn.functional.normalize(means[1] + 0.5 * noise_BGE, dim=-1).flatten(0, 1)
        real_R = torch.ones(len(action_RE), dtype=torch.bool)
        fused = fusion.taught(given, real_R, action_RE.detach())
        optimiser.zero_grad()
        fused.terms["fusion_calibration"].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        watched.append({name: value.item() for name, value in fused.watched.items()})
    for name in ("picture", "words"):
        first, last = (rows[f"poe/error_{name}"] for rows in (watched[0], watched[-1]))
        yield Row(
            name=f"squared error over claimed variance, {name}, {2 * UPDATES} updates",
            value=f"{first:.2f} at first, {last:.2f} at last",
            bar="0.8 to 1.25 at last",
            holds=0.8 <= last <= 1.25,
        )


def _moment(generator: torch.Generator) -> Moment:
    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    return Moment(
        map_BSC=draw(PICTURES, GRID * GRID, SIZES.n_map).relu(),
        text_BGD=draw(PICTURES, N_GOALS, SIZES.n_text),
        known_BK=draw(PICTURES, SIZES.n_known),
        state_BGX=draw(PICTURES, N_GOALS, SIZES.n_state),
    )


def costs() -> Iterator[Row]:
    """What a fusion takes of an update: forward, its own terms, backward, and what it settles."""
    generator = torch.Generator().manual_seed(0)
    given, real_R = _moment(generator), torch.ones(PICTURES * N_GOALS, dtype=torch.bool)
    given = replace(
        given, map_BSC=given.map_BSC.requires_grad_(), text_BGD=given.text_BGD.requires_grad_()
    )
    action_RE = torch.nn.functional.normalize(torch.randn(len(real_R), SIZES.n_embed), dim=-1)
    for name, config in FUSIONS.items():
        torch.manual_seed(0)
        fusion = config.build(SIZES)

        def update(fusion=fusion) -> None:  # type: ignore[no-untyped-def]
            fused = fusion.taught(given, real_R, action_RE)
            total = fused.state_BGE.square().sum() + sum(fused.terms.values())
            total.backward()
            fusion.settle(generator)

        yield Row(
            name=f"an update's share of fusion {name}, {PICTURES} pictures",
            value=f"{_milliseconds(update):.1f} ms",
            bar="printed",
            holds=True,
        )


def _milliseconds(work: Callable[[], object], repeats: int = 15) -> float:
    took = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        took.append(1e3 * (time.process_time() - began))
    return float(np.median(took))


def disk() -> Iterator[Row]:
    """Rows that stay on disk: what memory they take, and what a draw costs beside the ring's."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.chapter_codebooks", "--drawn-from", folder],
            check=True,
            capture_output=True,
            text=True,
        )
    n_bytes, grown, disk_ms, ring_ms = map(float, told.stdout.split())
    yield Row(
        name=f"peak memory of {N_ROWS:,} rows on disk, all drawn once on average",
        value=f"{grown / 1e6:.0f} MB of {n_bytes / 1e6:,.0f} MB",
        bar="<= 5 %",
        holds=grown <= 0.05 * n_bytes,
    )
    yield Row(
        name=f"an update's draws: {PICTURES} rows, and {DRAWN - PICTURES} without pictures",
        value=f"{disk_ms:.1f} ms from disk (files cached), {ring_ms:.1f} ms from the ring",
        bar="printed",
        holds=True,
    )


def _draw_from(folder: Path) -> None:
    """In a process of its own: bytes of the rows, growth of its peak, and ms of each draw."""
    spec = step_spec(PX, PX)
    small = {name: c for name, c in spec.items() if name not in ("image", "task")}
    kind = np.dtype([(name, c.dtype, c.shape) for name, c in small.items()])
    files = {"records": (kind, ()), "pictures": (np.dtype(np.uint8), (PX, PX, 3))}
    for name, (dtype, shape) in files.items():
        with (folder / f"{name}.npy").open("wb") as file:
            descr = np.lib.format.dtype_to_descr(dtype)
            header = {"descr": descr, "fortran_order": False, "shape": (N_ROWS, *shape)}
            np.lib.format.write_array_header_1_0(file, header)
            for _ in range(N_ROWS // 1000):
                file.write(np.zeros((1000, *shape), dtype).tobytes())
    records, pictures = (RowFile(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in files)
    task = np.arange(N_ROWS, dtype=np.int64) % 4
    part = StoredPart(records=records, task=task, pictures=pictures, shown=("image", None))
    before = peak_bytes()
    stored = StoredMemory(TripleBufferConfig(capacity=1), StoredRows([part], spec))
    rng = np.random.default_rng(0)

    def update(memory: StoredMemory) -> None:
        memory.sample(PICTURES, rng)
        memory.sample(DRAWN - PICTURES, rng, without=("image",))

    disk_ms = _milliseconds(lambda: update(stored), N_ROWS // DRAWN)
    for _ in range(N_ROWS // DRAWN):
        stored.sample(DRAWN, rng)
    grown = peak_bytes() - before
    ring = TripleBufferConfig(capacity=N_ROWS // 10).build(spec)
    ring.add(stored.rows.thinned(N_ROWS // 10))

    def as_before() -> None:
        ring.sample(PICTURES, rng)
        ring.sample(DRAWN - PICTURES, rng, without=("image",))

    print(stored.rows.n_bytes, grown, disk_ms, _milliseconds(as_before, 50))


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "oracles": oracles,
    "expiry": expiry,
    "calibration": calibration,
    "cost": costs,
    "disk": disk,
}


def main() -> int:
    """Print the rows; 0 if every one holds."""
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--drawn-from"]:
        _draw_from(Path(sys.argv[2]))
        return 0
    return rows_told(ROWS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
