"""The report of a whole benchmark: how large, and how long a browser takes to show it.

`python -m benchmarks.evaluation_report` prints a row each, and exits with 1 if one does not hold.
Forty-four episodes are measured and six filmed; the page holds their rows 25 times over, since what
it costs depends on how many they are and not on who acted. It is loaded in headless Chromium, which
has to be there.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.row import Row, told
from vla_sim.eval.report.render import write_report
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.showing.result_part import result_part

N_MEASURED, N_TIMES = 44, 25
MOST_MB, MOST_S = 30.0, 2.0
N_LOADS = 5
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_CLOCK = (
    '<script>addEventListener("load", () => { document.body.getBoundingClientRect(); '
    "document.title = `took ${Math.round(performance.now())} ms`; });</script>"
)
"""From the navigation until all has loaded, every script has run and the page is laid out."""


def report_of_many(*, measured: int = N_MEASURED, times: int = N_TIMES) -> Iterator[Row]:
    """One page of `measured * times` episodes with films: its size, and the time to load it."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "random"
        run = BenchRun(
            policy="random",
            tasks=("Reach", "Park"),
            arms=("correct", "empty"),
            episodes=measured // 4,
            gallery=0,
            films=6,
            n_processes=0,
            out=folder,
        )
        bench(run, Console(quiet=True))
        part = result_part(folder, read_result(folder))
        page = folder / "report.html"
        write_report(replace(part, name="random", rows=part.rows * times), path=page)
        n, films = measured * times, len(part.clips)
        size_mb = page.stat().st_size / 1e6
        yield Row(
            name=f"report of {n:,} episodes with {films} films",
            value=f"{size_mb:.1f} MB",
            bar=f"< {MOST_MB:g} MB",
            holds=size_mb < MOST_MB,
        )
        taken_s = median(load_s(page) for _ in range(N_LOADS))
        yield Row(
            name=f"the same in headless Chromium, load and layout, median of {N_LOADS}",
            value=f"{taken_s:.2f} s",
            bar=f"< {MOST_S:g} s",
            holds=taken_s < MOST_S,
        )


def load_s(page: Path) -> float:
    """Seconds from the navigation to a page until everything on it is there."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit(f"this needs one of {', '.join(_BROWSERS)}")
    timed = page.with_name("timed.html")
    text = page.read_text(encoding="utf-8")
    timed.write_text(text.replace("<head>", "<head>" + _CLOCK, 1), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command.append(timed.as_uri())
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    title = re.search(r"<title>took (\d+) ms</title>", shown)
    assert title is not None, "the page was not loaded"
    return int(title.group(1)) / 1000


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"report": report_of_many}
"""The rows of the group `evaluation` that it measures."""

if __name__ == "__main__":
    sys.exit(told(report_of_many()))
