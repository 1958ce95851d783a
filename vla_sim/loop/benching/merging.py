"""Merging: shards of a protocol become the result that one run would have written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vla_sim.disk.atomic import read_json
from vla_sim.disk.folder_lock import FolderLock, names_in
from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import BadConfig, ProtocolMismatch, RunFolderError
from vla_sim.eval.protocol import require_same
from vla_sim.loop.benching.provenance import DIGEST
from vla_sim.loop.benching.result import (
    CARD,
    EPISODES,
    PROTOCOL,
    ROWS,
    Result,
    read_shard,
    result_of,
    write_result,
)
from vla_sim.loop.paths import with_paths
from vla_sim.records.reports import EvalReport


@dataclass(frozen=True, kw_only=True)
class MergeRun:
    """Settings of a merge."""

    shards: tuple[Path, ...] = ()
    """Folders of all shards of one result, in any order."""
    out: Path = Path("merged")
    """Folder for the result."""

    def __post_init__(self) -> None:
        with_paths(self)


def merge(run: MergeRun) -> EvalReport:
    """Put shards together.

    Returns:
        The report of the whole.

    Raises:
        BadConfig: If a shard is missing or there twice.
        ProtocolMismatch: If they were measured otherwise, or are of several policies.
        DamagedFile: If one is damaged or was edited.
        RunFolderError: If a folder is no shard, or the result has no place.
    """
    if not run.shards:
        raise BadConfig(
            "shards is empty; name each of them, for example "
            "`vla-sim merge shards/1 shards/2 --out runs/bench`"
        )
    _refuse_taken(run.out)
    shards = [(folder, read_shard(folder)) for folder in run.shards]
    _require_whole(shards)
    (first_folder, first), *others = shards
    for folder, shard in others:
        require_same(first.protocol, shard.protocol)
        if _told(first) != _told(shard):
            raise ProtocolMismatch(
                f"{first_folder} and {folder} are not shards of one result: they were measured "
                f"with {first.policy} and {shard.policy}, whose digests were "
                f"{first.card.get(DIGEST, 'none')} and {shard.card.get(DIGEST, 'none')}, or with "
                "other tasks of your own"
            )
    card = {name: str(value) for name, value in read_json(first_folder / CARD).items()}
    card |= {"shards": ", ".join(str(shard.shard) for _, shard in shards)}
    result = result_of(
        first.protocol,
        [row for _, shard in shards for row in shard.rows],
        card,
        retrieval=next((s.retrieval for _, s in shards if s.retrieval is not None), None),
    )
    with FolderLock.take(run.out, purpose="merge"):
        write_result(run.out, result, card)
    return result.report


def _refuse_taken(out: Path) -> None:
    """See that a result has a place here; what a merge that was cut has left is written anew."""
    check_outlet(out, is_folder=True)
    held = names_in(out)
    if not set(held) <= {PROTOCOL, EPISODES, CARD}:
        raise RunFolderError(f"{out} already holds {', '.join(held[:4])}; give another --out")


def _told(shard: Result) -> dict[str, str]:
    return {name: value for name, value in shard.card.items() if name != ROWS}


def _require_whole(shards: Sequence[tuple[Path, Result]]) -> None:
    """See that each share of one whole is there once."""
    place: dict[int, Path] = {}
    first_folder, first = shards[0]
    assert first.shard is not None
    n = first.shard.n
    for folder, read in shards:
        assert read.shard is not None
        if read.shard.n != n:
            raise BadConfig(
                f"{first_folder} is shard {first.shard} and {folder} is shard {read.shard}: they "
                "are shares of different wholes"
            )
        if read.shard.k in place:
            raise BadConfig(f"{place[read.shard.k]} and {folder} are both shard {read.shard}")
        place[read.shard.k] = folder
    if missing := [f"{k}/{n}" for k in range(1, n + 1) if k not in place]:
        listed = ", ".join(missing[:8])
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        raise BadConfig(f"shards are missing: {listed}{more}; run `vla-sim bench --shard K/{n}`")
