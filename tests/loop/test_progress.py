"""Progress where nobody can redraw a bar: lines now and then, none between."""

import io

from rich.console import Console

from vla_sim.loop.progress import ProgressLines, bar_of


def told(*, every_s: float, terminal: bool = False) -> str:
    """What ten steps of a bar leave in a stream before the bar is closed."""
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=terminal)
    bar = ProgressLines("{task.description}", "{task.completed}", console=console, every_s=every_s)
    line = bar.add_task("counting", total=10)
    for k in range(10):
        if k % 2:
            bar.advance(line)
        else:
            bar.update(line, completed=k + 1)
    return stream.getvalue()


def test_a_log_gets_lines_and_a_terminal_its_bar() -> None:
    lines = told(every_s=0.0).splitlines()
    assert [line.split() for line in lines] == [["counting", str(k + 1)] for k in range(10)]
    assert told(every_s=3600.0) == "" == told(every_s=0.0, terminal=True)


def test_a_bar_says_what_is_done_and_how_long_the_rest_takes() -> None:
    stream = io.StringIO()
    with bar_of("bench", Console(file=stream, width=100)) as bar:
        bar.update(bar.add_task("of Reach", total=4), completed=3)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("bench") and "3/4" in line and "left" in line and "of Reach" in line


def test_the_time_left_is_known_where_each_step_takes_minutes() -> None:
    """As rounds of finetuning and portions of a benchmark do: 2, 2 and 5 minutes here."""
    clock_s = [0.0]
    bar = bar_of("finetune", Console(quiet=True))
    bar.get_time = lambda: clock_s[0]
    line = bar.add_task("", total=10)
    for ended_s in (120.0, 240.0, 540.0):
        clock_s[0] = ended_s
        bar.advance(line)
    assert bar.tasks[0].time_remaining == 7 * (540 - 120) / 2


def test_a_line_of_a_log_is_whole_however_narrow_rich_takes_it_to_be() -> None:
    stream, said = io.StringIO(), "held out 93 %, " * 8
    console = Console(file=stream, width=80)
    with ProgressLines("{task.fields[said]}", console=console, every_s=0.0) as bar:
        bar.update(bar.add_task("", total=4, said=said), completed=3)
    assert {line.strip() for line in stream.getvalue().splitlines()} == {said.strip()}
    assert console.width == 80


def test_a_quiet_console_stays_quiet() -> None:
    stream = io.StringIO()
    with bar_of("bench", Console(file=stream, quiet=True)) as bar:
        bar.advance(bar.add_task("", total=4))
    assert not stream.getvalue()
