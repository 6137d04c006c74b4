"""``python -m alfred``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from alfred.cli.main import run  # noqa: PLC0415 - the line above must be enough for tools that only look

    sys.exit(run())


if __name__ == "__main__":
    main()
