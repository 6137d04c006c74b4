"""``python -m alfred``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from alfred.cli.main import run  # noqa: PLC0415 - so that an interrupt while it loads is caught, too

        code = run()
    except KeyboardInterrupt:
        sys.stderr.write("alfred: interrupted; what was done until now is kept\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
