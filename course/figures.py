"""House style for figures, and a figure as plain data and as a sentence.

Colours are Okabe and Ito's, which stay apart for colour-blind readers; every series also
has a second cue (marker or line style), so figures read in grey.
"""

import itertools
import textwrap
from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import DateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LINE_STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]
HATCHES = ["", "//", "..", "xx", "\\\\", "oo", "++"]


def use_house_style() -> None:
    """Set Matplotlib's defaults for the course: readable at half size, without colour."""
    plt.rcParams.update(
        {
            "figure.figsize": (8, 4.5),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.alpha": 0.4,
            "lines.linewidth": 2,
            "axes.prop_cycle": cycler(color=OKABE_ITO) + cycler(linestyle=LINE_STYLES),
            "hatch.linewidth": 0.6,
        }
    )


def source_note(ax: Axes, text: str) -> None:
    """Write where the numbers come from under the figure."""
    ax.figure.supxlabel(text, x=0.01, ha="left", fontsize=12, wrap=True)


def describe(thing: Axes | Figure | Iterable[Axes]) -> dict:
    """A figure as plain data: {"panels": [{"title", "xlabel", "ylabel", "note", "legend",
    "series"}]}.

    The note is the source note under the whole figure. A series is {"kind": "bar" | "line" |
    "points", "label", "x": [...], "y": [...]}; dates are ISO text, categories text, numbers
    floats. Bars also say where they stand ("at") and on what ("base").
    """
    axes = _axes_of(thing)
    if axes is None:
        raise TypeError(f"expected a Matplotlib Axes or Figure, found {type(thing).__name__}")
    return {"panels": [_panel(ax) for ax in axes]}


def is_description(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"panels"}


def as_data(value: object) -> object:
    """Figures become their description and are closed; anything else stays as it is."""
    axes = _axes_of(value)
    if axes is None:
        return value
    description = describe(value)
    for ax in axes:
        plt.close(ax.figure)
    return description


def shows(series: dict, values: Iterable[float] | Mapping, within: float) -> bool:
    """Does the series have these heights, in order, or these heights at these places?"""
    if isinstance(values, Mapping):
        at = dict(zip(map(_read, series["x"]), series["y"], strict=True))
        if any(_read(place) not in at for place in values):
            return False
        pairs = [(at[_read(place)], height) for place, height in values.items()]
    else:
        wanted = list(values)
        if len(wanted) != len(series["y"]):
            return False
        pairs = list(zip(_in_reading_order(series), wanted, strict=True))
    return all(y is not None and abs(y - float(want)) <= within for y, want in pairs)


def _in_reading_order(series: dict) -> list[float | None]:
    """Heights from left to right: bars may be drawn in any order."""
    places = series.get("at")
    if not places:
        return series["y"]
    return [y for _, y in sorted(zip(places, series["y"], strict=True), key=lambda pair: pair[0])]


def sentence(description: dict) -> str:
    """The text alternative: what is drawn, on which axes, from where to where."""
    return "\n".join(textwrap.fill(_panel_sentence(panel), 88) for panel in description["panels"])


def _axes_of(thing: object) -> list[Axes] | None:
    if isinstance(thing, Axes):
        return [thing]
    if isinstance(thing, Figure):
        return list(thing.axes)
    several = thing.ravel() if isinstance(thing, np.ndarray) else thing
    if not isinstance(several, np.ndarray | list | tuple) or not len(several):
        return None
    return list(several) if all(isinstance(ax, Axes) for ax in several) else None


def _panel(ax: Axes) -> dict:
    legend = ax.get_legend()
    return {
        "title": " ".join(filter(None, map(ax.get_title, ("left", "center", "right")))),
        "xlabel": ax.get_xlabel(),
        "ylabel": ax.get_ylabel(),
        "note": ax.figure.get_supxlabel(),
        "legend": [text.get_text() for text in legend.get_texts()] if legend else [],
        "series": [*_bars(ax), *_lines(ax), *_points(ax)],
    }


def _bars(ax: Axes) -> list[dict]:
    found = []
    for container in ax.containers:
        patches = [p for p in getattr(container, "patches", []) if hasattr(p, "get_height")]
        if not patches:
            continue
        flat = getattr(container, "orientation", "vertical") == "horizontal"
        axis = ax.yaxis if flat else ax.xaxis
        middles = [
            p.get_y() + p.get_height() / 2 if flat else p.get_x() + p.get_width() / 2
            for p in patches
        ]
        heights = [float(p.get_width() if flat else p.get_height()) for p in patches]
        found.append(
            {
                "kind": "bar",
                "label": _label(container),
                "x": _names(axis, middles),
                "y": heights,
                "base": [float(p.get_x() if flat else p.get_y()) for p in patches],
                "at": [round(float(middle), 6) for middle in middles],
            }
        )
    return found


def are_stacked(bars: list[dict]) -> bool:
    """Does every series of bars stand where the one before it ends?"""
    return len(bars) > 1 and all(
        upper["at"] == lower["at"] and np.allclose(upper["base"], np.add(lower["base"], lower["y"]))
        for lower, upper in itertools.pairwise(bars)
    )


def _lines(ax: Axes) -> list[dict]:
    return [
        {
            "kind": "line",
            "label": _label(line),
            "x": _names(ax.xaxis, line.get_xdata(orig=True)),
            "y": [_number(y) for y in line.get_ydata(orig=True)],
        }
        for line in ax.lines
        if len(line.get_xdata())
    ]


def _points(ax: Axes) -> list[dict]:
    found = []
    for collection in ax.collections:
        offsets = np.asarray(getattr(collection, "get_offsets", list)())
        if type(collection).__name__ == "PathCollection" and len(offsets):
            x, y = _names(ax.xaxis, offsets[:, 0]), offsets[:, 1].tolist()
            found.append({"kind": "points", "label": _label(collection), "x": x, "y": y})
    return found


def _label(artist: object) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _names(axis: Axis, places: Iterable) -> list:
    """Places on an axis as a reader reads them: dates, names of categories, else numbers."""
    places = [_place(place) for place in places]
    if not all(isinstance(place, float) for place in places):
        return places
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    # pandas draws a regular time series by the number of the period.
    if period := getattr(axis.axes, "freq", None) or getattr(locator, "freq", None):
        return [_place(pd.Period(ordinal=round(place), freq=period)) for place in places]
    if isinstance(locator, DateLocator):
        return [num2date(place).date().isoformat() for place in places]
    fixed = isinstance(locator, FixedLocator)
    if hasattr(formatter, "_units") or (
        fixed and isinstance(formatter, FixedFormatter | FuncFormatter)
    ):
        ticks = np.asarray(locator(), dtype=float)
        return [_nearest(place, ticks, formatter.format_ticks(ticks)) for place in places]
    return [round(place, 9) for place in places]


def _nearest(place: float, ticks: np.ndarray, names: list[str]) -> object:
    """The name of the tick a bar stands at or, in a group of bars, beside."""
    apart = np.diff(np.sort(ticks)).min() if len(ticks) > 1 else 1.0
    away = np.abs(ticks - place)
    name = names[int(away.argmin())] if len(ticks) and away.min() < apart / 2 else ""
    return name.removesuffix(" 00:00:00") or round(place, 9)


def _read(place: object) -> object:
    """A place to look up: a year is the same as number and as text."""
    place = _place(place)
    number = _number(place)
    return place if number is None else number


def _place(x: object) -> object:
    if isinstance(x, pd.Period):
        x = x.end_time
    if isinstance(x, np.datetime64) or hasattr(x, "isoformat"):
        return pd.Timestamp(x).date().isoformat()
    return str(x) if isinstance(x, str) else _number(x)


def _number(y: object) -> float | None:
    try:
        value = float(y)
    except (TypeError, ValueError):
        return None
    return None if np.isnan(value) else value


def _panel_sentence(panel: dict) -> str:
    words = {"bar": "Bars", "line": "Line", "points": "Points"}
    head = f"{panel['title'] or 'Untitled figure'}. x: {panel['xlabel']}; y: {panel['ylabel']}."
    parts = []
    for one in panel["series"]:
        values = [(x, y) for x, y in zip(one["x"], one["y"], strict=True) if y is not None]
        if not values:
            continue
        (x0, y0), (x1, y1) = values[0], values[-1]
        top = max(values, key=lambda pair: pair[1])
        name = f" {one['label']}" if one["label"] else ""
        parts.append(
            f"{words[one['kind']]}{name}: {len(values)} values, {_say(y0)} at {_say(x0)}, "
            f"{_say(y1)} at {_say(x1)}, highest {_say(top[1])} at {_say(top[0])}."
        )
    return " ".join([head, *parts])


def _say(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value == round(value) and abs(value) >= 10_000 else f"{value:g}"
    return str(value)
