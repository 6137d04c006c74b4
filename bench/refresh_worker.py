"""Alfred at the job that other clients do in ``client_worker.py``: refresh the library of the settings.

Prints what it took, from the first request to the last committed row.
"""

from __future__ import annotations

import json
import os
import resource
import time
from urllib.request import urlopen

from alfred.composition import open_library
from alfred.settings import load_settings


def main() -> None:
    """Warm up with a show, have the server count from 0, and refresh all that is due."""
    settings = load_settings()
    assert settings.library is not None
    with open_library(settings.library, settings) as library:
        rule = library.refresh_rule()
        library.provider.get_tv_show_info(1)
        urlopen(os.environ["RESET"]).read()  # noqa: S310 - our own server
        spent, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        report = library.refresh(rule)
        took, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    assert report.refreshed == report.selected, report
    processor = used.ru_utime + used.ru_stime - spent.ru_utime - spent.ru_stime
    print(json.dumps({"seconds": took, "processor": processor, "peak_kib": used.ru_maxrss}))


if __name__ == "__main__":
    main()
