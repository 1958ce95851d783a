"""The command `vla-sim`.

It lies beside the package, whose import takes a moment, so that Ctrl-C in that moment is answered
like any other.
"""

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    try:
        from vla_sim.cli.main import main as run
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was begun", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
