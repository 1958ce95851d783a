"""Result: a folder with all that a measurement came to, one row per episode.

`protocol.json` says how it was measured, `episodes.parquet` holds the rows, `report.json` the
numbers that follow from them, and `run_card.json` what of it was the machine's. All but the run
card are the same bytes however many processes, slots, threads or shards measured it, and however
often it was interrupted. A share of a measurement has `shard.json` in place of the report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from vla_sim.disk.atomic import read_json, write_json, write_text
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.eval import protocol_file, report_file
from vla_sim.eval.aggregate import report_of
from vla_sim.eval.protocol import OWN_TASK, Protocol
from vla_sim.loop.benching.episode_table import checksum, read_rows, write_rows
from vla_sim.loop.benching.frozen import CARD_LINE
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.run_folder import BEGUN, RunFolder
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import EvalReport, RetrievalReport

PROTOCOL, EPISODES, CARD = "protocol.json", "episodes.parquet", "run_card.json"
REPORT, SHARD = "report.json", "shard.json"
ROWS = "rows"
"""Line of a report's card with the checksum of the rows that it follows from."""
_SHARD_FORMAT = "vla-sim shard 1"
_EVERYWHERE = (
    "protocol",
    "policy",
    "role",
    "renderer",
    "engine",
    ROWS,
    "seeds/evaluation",
    CARD_LINE,
)
"""Lines of a run card that every machine writes alike, and so the report keeps."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a measurement came to.

    Attributes:
        protocol: How it was measured.
        rows: In order.
        card: The lines of the run card that do not depend on the machine.
        retrieval: Of the same model, if it was measured.
        shard: Which share it is; None for all of it.
    """

    protocol: Protocol
    rows: tuple[EpisodeRow, ...]
    card: Mapping[str, str]
    retrieval: RetrievalReport | None
    shard: Shard | None = None

    @property
    def policy(self) -> str:
        """Who was measured."""
        return self.card.get("policy", "unknown")

    @property
    def report(self) -> EvalReport:
        """The numbers that follow from the rows.

        Raises:
            ProtocolMismatch: If it is not all that the protocol plans.
        """
        return report_of(
            self.rows, protocol=self.protocol, retrieval=self.retrieval, run_card=self.card
        )


def result_of(
    protocol: Protocol,
    rows: Sequence[EpisodeRow],
    card: Mapping[str, str],
    *,
    retrieval: RetrievalReport | None = None,
    shard: Shard | None = None,
) -> Result:
    """A result from rows in any order and a whole run card."""
    ordered = tuple(sorted(rows, key=lambda row: row.order))
    lines = {
        name: value
        for name, value in card.items()
        if name.partition("/")[0] in _EVERYWHERE or name in _EVERYWHERE or name.startswith(OWN_TASK)
    }
    return Result(
        protocol=protocol,
        rows=ordered,
        card={**lines, ROWS: checksum(ordered)},
        retrieval=retrieval,
        shard=shard,
    )


def write_result(folder: Path, result: Result, card: Mapping[str, str]) -> None:
    """Write a result; its report, or its shard, comes last and says that all is there.

    Args:
        folder: Where.
        result: What.
        card: The whole run card.

    Raises:
        RunFolderError: If it cannot be written.
        ProtocolMismatch: If it is not all that the protocol plans.
    """
    last = (
        (REPORT, report_file.to_json(result.report) + "\n")
        if result.shard is None
        else (SHARD, _shard_text(result))
    )
    write_text(folder / PROTOCOL, protocol_file.to_json(result.protocol))
    write_rows(folder / EPISODES, result.rows)
    write_json(folder / CARD, dict(card))
    write_text(folder / last[0], last[1])


def is_result(path: Path) -> bool:
    """Whether a folder holds a result, or a share of one."""
    return (path / EPISODES).is_file()


def read_result(folder: Path) -> Result:
    """A whole result.

    Raises:
        RunFolderError: If the folder holds none, an unfinished one, or a share of one.
        DamagedFile: If a file is damaged or was edited.
    """
    if (folder / SHARD).is_file():
        shard = read_shard(folder).shard
        raise RunFolderError(
            f"{folder} is shard {shard} of a result; `vla-sim merge` puts shards together"
        )
    _require(folder, REPORT)
    protocol, rows = _measured(folder)
    try:
        report = report_file.from_json((folder / REPORT).read_text(encoding="utf-8"))
    except (DamagedFile, OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{folder / REPORT}: {error}") from error
    result = Result(protocol=protocol, rows=rows, card=report.run_card, retrieval=report.retrieval)
    _require_sound(folder, result)
    if not _follows(report, result.report):
        raise DamagedFile(
            f"{folder / REPORT} was edited: its numbers are not those of {EPISODES}; restore it or "
            "measure again"
        )
    return result


def read_shard(folder: Path) -> Result:
    """A share of a result.

    Raises:
        RunFolderError: If the folder holds none.
        DamagedFile: If a file is damaged or was edited.
    """
    _require(folder, SHARD)
    protocol, rows = _measured(folder)
    read: Any = read_json(folder / SHARD)
    try:
        if read["format"] != _SHARD_FORMAT:
            raise DamagedFile(f"{folder / SHARD} says {read['format']!r}, not {_SHARD_FORMAT!r}")
        found = read["retrieval"]
        result = Result(
            protocol=protocol,
            rows=rows,
            card=dict(read["card"]),
            retrieval=None if found is None else report_file.retrieval_from(found),
            shard=Shard.read(read["shard"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DamagedFile(f"{folder / SHARD} is no shard of vla-sim: {error!r}") from error
    _require_sound(folder, result)
    return result


def _measured(folder: Path) -> tuple[Protocol, tuple[EpisodeRow, ...]]:
    try:
        protocol = protocol_file.from_json((folder / PROTOCOL).read_text(encoding="utf-8"))
    except (DamagedFile, OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{folder / PROTOCOL}: {error}") from error
    return protocol, tuple(read_rows(folder / EPISODES))


def _require(folder: Path, last: str) -> None:
    """See that a folder holds a finished result or shard.

    Raises:
        RunFolderError: If not, with what it is instead.
    """
    if (folder / last).is_file():
        return
    if (folder / BEGUN).is_file():
        verb = RunFolder.open(folder).verb
        if verb == "bench":
            raise RunFolderError(
                f"{folder} is not finished; go on with `vla-sim bench --resume --out "
                f"{quote(str(folder))}`"
            )
        raise RunFolderError(
            f"{folder} is what `vla-sim {verb}` writes, and no result of a benchmark"
        )
    kind, share = ("result", "") if last == REPORT else ("shard of a result", "--shard K/N ")
    raise RunFolderError(
        f"{folder} is no {kind} (it has no {last}); `vla-sim bench {share}--out FOLDER` writes one"
    )


def _follows(report: EvalReport, again: EvalReport) -> bool:
    """Whether a report's numbers follow from its rows; a metric that came later is in none.

    Of means the values alone: how far their resampled intervals reach may be known better than
    when it was written, and whoever reads a result is given those of today.
    """
    kept = tuple(
        replace(
            now,
            rates={name: rate for name, rate in now.rates.items() if name in was.rates},
            means={
                name: replace(mean, low=was.means[name].low, high=was.means[name].high)
                for name, mean in now.means.items()
                if name in was.means
            },
        )
        for was, now in zip(report.tasks, again.tasks, strict=False)
    )
    return report == replace(again, tasks=kept, run_card=report.run_card)


def _require_sound(folder: Path, result: Result) -> None:
    if result.card.get(ROWS) != checksum(result.rows):
        raise DamagedFile(
            f"{folder / EPISODES} was edited: its rows are not those that were measured; restore "
            "it or measure again"
        )


def _shard_text(result: Result) -> str:
    said = {
        "format": _SHARD_FORMAT,
        "shard": str(result.shard),
        "card": dict(result.card),
        "retrieval": None if result.retrieval is None else asdict(result.retrieval),
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"
