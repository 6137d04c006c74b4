"""Seven shows that nobody has made: between them they have what makes real listings awkward."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

LIGHTHOUSE = 9_000_001
KETTLE = 9_000_002
LIBRARY = 9_000_003
CHEESE = 9_000_004
MARMALADE = 9_000_005
PUDDING = 9_000_006
TRAIN = 9_000_007

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An invented episode; ``air_date`` is None where the listing gives none."""

    number: int
    title: str
    air_date: date | None
    runtime: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """An invented season; one without episodes is announced and no more."""

    number: int
    name: str
    episodes: tuple[Episode, ...]
    overview: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """An invented show."""

    tmdb_id: int
    name: str
    status: str
    overview: str
    seasons: tuple[Season, ...]
    tagline: str = ""
    show_type: str = "Scripted"
    language: tuple[str, str, str] = ("en", "English", "English")
    country: tuple[str, str] = ("GB", "United Kingdom")
    genre: tuple[int, str] = (35, "Comedy")
    network: str = "Teacup Television"
    external_ids: tuple[str, int] | None = None


def invented_shows(today: date) -> tuple[Show, ...]:
    """Return the shows, in the order of their ids.

    Args:
        today: one of them is on the air now; its dates are counted from this day.
    """
    return (
        _lighthouse(),
        _kettle(today),
        _library(),
        _cheese(),
        _marmalade(),
        _pudding(),
        _train(),
    )


def _lighthouse() -> Show:
    """Has ended, and has specials."""
    return Show(
        tmdb_id=LIGHTHOUSE,
        name="The Lighthouse Inspectors",
        status="Ended",
        tagline="Somebody has to count the stairs.",
        overview=(
            "Two civil servants travel a coast of forty lighthouses with one clipboard, one bicycle, and "
            "very different ideas of what counts as a working light bulb."
        ),
        seasons=(
            _season(
                0,
                "Specials",
                _weekly(date(2014, 12, 20), ["The Christmas Foghorn", "The Clipboard Tapes"], every=365),
            ),
            _season(
                1,
                "Season 1",
                _weekly(
                    date(2014, 3, 2),
                    [
                        "One Hundred and Ninety-Nine Stairs",
                        "The Bulb That Would Not Blink",
                        "Gulls, Form 7b",
                        "A Visit from Head Office",
                        "Fog (Unscheduled)",
                        "The Two-Hundredth Stair",
                    ],
                ),
            ),
            _season(
                2,
                "Season 2",
                _weekly(
                    date(2015, 3, 1),
                    [
                        "The Bicycle Is Government Property",
                        "Low Tide",
                        "Lamp Oil for Beginners",
                        "The Keeper's Cousin",
                        "Lights Out",
                    ],
                ),
            ),
        ),
        external_ids=("tt99000001", 99_000_001),
    )


def _kettle(today: date) -> Show:
    """Is on the air: an episode came three days ago, the next comes in four, another season is announced."""
    return Show(
        tmdb_id=KETTLE,
        name="Kettle & Crow",
        status="Returning Series",
        tagline="Tea for one. Crumbs for the other.",
        overview=(
            "A retired cartographer opens a tea room in a village that is on none of her maps. "
            "Her only regular is a crow, and it is keeping accounts."
        ),
        seasons=(
            _season(
                1,
                "Season 1",
                _weekly(
                    today - 60 * _WEEK,
                    ["First Flush", "The Unmapped Lane", "A Button, Two Pins", "Scones at Dawn"],
                ),
            ),
            _season(
                2,
                "Season 2",
                _weekly(
                    today - 3 * _WEEK - timedelta(days=3),
                    [
                        "Second Steeping",
                        "The Crow Sends an Invoice",
                        "Lapsang and Order",
                        "A Sugar Bowl Divided",
                        "North by Northkettle",
                        "The Whole Murder Comes to Tea",
                    ],
                ),
            ),
            Season(number=3, name="Season 3", episodes=()),
        ),
        external_ids=("tt99000002", 99_000_002),
    )


def _library() -> Show:
    """Has names in another script."""
    return Show(
        tmdb_id=LIBRARY,
        name="夜ふかし図書館",
        status="Ended",
        overview=(
            "A small-town library opens only between midnight and dawn, and its books have opinions about who "
            "borrows them."
        ),
        seasons=(
            _season(
                1,
                "Season 1",
                _weekly(
                    date(2021, 10, 8),
                    [
                        "返却期限は夜明け",
                        "しおりの幽霊",
                        "お静かに、月が寝ています",
                        "索引のない部屋",
                        "貸出中のネコ",
                        "閉館のチャイム",
                    ],
                    runtime=24,
                ),
            ),
        ),
        language=("ja", "Japanese", "日本語"),
        country=("JP", "Japan"),
        genre=(16, "Animation"),
        network="まよなかテレビ",
        external_ids=("tt99000003", 99_000_003),
    )


def _cheese() -> Show:
    """Lacks a season 2, and numbers its latest season by the year."""
    return Show(
        tmdb_id=CHEESE,
        name="The Great Cheese Chase",
        status="Ended",
        tagline="Downhill from the start.",
        show_type="Reality",
        overview=(
            "Twelve strangers, one hill, and a wheel of cheese with a head start. "
            "The second series rolled into the river and was never found."
        ),
        seasons=(
            _season(1, "Season 1", _weekly(date(2018, 6, 2), ["Soft Rind, Hard Landing", "The Brie Line"])),
            _season(
                3, "Season 3", _weekly(date(2020, 6, 6), ["Gouda Riddance", "A Hole New World", "Photo Fondue"])
            ),
            _season(2024, "2024", _weekly(date(2024, 6, 1), ["The Hill Is Steeper", "Whey Too Fast"])),
        ),
        genre=(10764, "Reality"),
        external_ids=("tt99000004", 99_000_004),
    )


def _marmalade() -> Show:
    """Opens with two episodes on one day, which people keep in one file."""
    first_night = date(2016, 9, 9)
    opening = _weekly(
        first_night, ["The Breakfast Meridian (1)", "The Breakfast Meridian (2)"], every=0, runtime=48
    )
    rest = _weekly(
        first_night + _WEEK, ["Toast of the Fleet", "Peel and Punishment", "The Spoon Mutiny"], first=3, runtime=48
    )
    return Show(
        tmdb_id=MARMALADE,
        name="Captain Marmalade",
        status="Canceled",
        tagline="Space is thick cut.",
        overview="The galaxy's least decorated captain delivers preserves to its most disagreeable planets.",
        seasons=(_season(1, "Season 1", opening + rest),),
        genre=(10765, "Sci-Fi & Fantasy"),
        external_ids=("tt99000005", 99_000_005),
    )


def _pudding() -> Show:
    """Numbers its episodes on from one season to the next."""
    return Show(
        tmdb_id=PUDDING,
        name="Inspector Pudding Suspects",
        status="Ended",
        overview=(
            "He has never solved a case, but he has never skipped dessert either, "
            "and the guilty always seem to be at the same table."
        ),
        seasons=(
            _season(
                1,
                "Season 1",
                _weekly(date(2011, 1, 10), ["The Custard Alibi", "A Trifle Dead", "Crumble in the Jungle"]),
            ),
            _season(
                2,
                "Season 2",
                _weekly(
                    date(2012, 1, 9),
                    ["Just Deserters", "The Jelly Wobbles Twice", "Proof in the Pudding"],
                    first=4,
                ),
            ),
        ),
        genre=(9648, "Mystery"),
        external_ids=("tt99000006", 99_000_006),
    )


def _train() -> Show:
    """Has episodes without an air date, and no ids elsewhere."""
    aired = _weekly(date(2020, 2, 5), ["Platform Zero", "Quiet Carriage", "Replacement Bus"], runtime=90)
    lost = tuple(
        Episode(number=number, title=title, air_date=None, runtime=90)
        for number, title in ((4, "Leaves on the Line"), (5, "Episode 5"))
    )
    return Show(
        tmdb_id=TRAIN,
        name="Slow Train to Nowhere",
        status="In Production",
        show_type="Documentary",
        overview="A camera, a window seat, and a line that was closed before the timetable was printed.",
        seasons=(_season(1, "Season 1", aired + lost),),
        genre=(99, "Documentary"),
    )


def _season(number: int, name: str, episodes: Iterable[Episode]) -> Season:
    return Season(number=number, name=name, episodes=tuple(episodes))


def _weekly(
    start: date, titles: list[str], *, first: int = 1, every: int = 7, runtime: int = 30
) -> tuple[Episode, ...]:
    """Return episodes that air every so many days, numbered from ``first``."""
    return tuple(
        Episode(number=first + place, title=title, air_date=start + timedelta(days=every * place), runtime=runtime)
        for place, title in enumerate(titles)
    )
