from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alfred.composition import initialise, open_library
from alfred.demo.shows import LIGHTHOUSE, write_library, write_provider_folder
from alfred.demo.stand_in import StandIn
from alfred.settings import load_settings
from tests.docs.pages import fences, text_of

TOKEN = "a-token-for-the-stand-in"  # noqa: S105 - it opens nothing but the stand-in


def test_the_code_of_the_python_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, provider = tmp_path / "tv", tmp_path / "provider"
    root.mkdir()
    write_library(root)
    write_provider_folder(provider, datetime.now(UTC).date())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ALFRED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ALFRED_TMDB_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    blocks = fences(text_of("docs/howto/python.md"), "python")
    code = "\n".join(blocks).replace("/media/tv", str(root)).replace("TmdbId(1396)", f"TmdbId({LIGHTHOUSE})")

    with StandIn(provider, tokens=[TOKEN]) as server:
        monkeypatch.setenv("ALFRED_TMDB_BASE_URL", server.url)
        settings = load_settings()
        initialise(root, settings)
        with open_library(root, settings) as library:
            library.rescan()
        exec(compile(code, "python.md", "exec"), {"__name__": "howto"})  # noqa: S102 - the page's own code
        requests = server.total

    printed = capsys.readouterr().out.splitlines()
    assert len(blocks) == 3
    assert printed[0].startswith("The Lighthouse Inspectors Ended The Lighthouse Inspectors (2014)")
    assert printed[1] == "10 of 13 aired episodes are on disk"
    assert printed[2] == "6 shows, 0 new"
    assert printed[-1] == "My Show"
    assert requests == 1
