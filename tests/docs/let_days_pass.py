"""Has what the index of the library here remembers of absences and downloads begin some days earlier.

Pages show what alfred does after weeks and months; nobody waits for that.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

MICROSECONDS_A_DAY = 86_400_000_000


def main(days: int) -> None:
    """Move the moments back."""
    with closing(sqlite3.connect(".alfred/index.sqlite3")) as index, index:
        for table, moment in (("entry", "missing_since"), ("file", "processing_since")):
            index.execute(
                f"UPDATE {table} SET {moment} = {moment} - ?",  # noqa: S608 - both are named above
                (days * MICROSECONDS_A_DAY,),
            )


if __name__ == "__main__":
    main(int(sys.argv[1]))
