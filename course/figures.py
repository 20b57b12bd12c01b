"""House style for figures, and a figure as plain data and as a sentence.

Colours are Okabe and Ito's, which stay apart for colour-blind readers; every series also
has a second cue (marker or line style), so figures read in grey.
"""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter

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
    ax.annotate(
        text,
        xy=(0, 0),
        xycoords="figure fraction",
        xytext=(6, -14),
        textcoords="offset points",
        fontsize=10,
        annotation_clip=False,
    )


def describe(thing: Axes | Figure | Iterable[Axes]) -> dict:
    """A figure as plain data: {"panels": [{"title", "xlabel", "ylabel", "legend", "series"}]}.

    A series is {"kind": "bar" | "line" | "points", "label", "x": [...], "y": [...]}; dates
    are ISO text, categories text, numbers floats.
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
        at = dict(zip(series["x"], series["y"], strict=True))
        places = [place for place in values if _place(place) not in at]
        if places:
            return False
        pairs = [(at[_place(place)], height) for place, height in values.items()]
    else:
        wanted = list(values)
        if len(wanted) != len(series["y"]):
            return False
        pairs = list(zip(series["y"], wanted, strict=True))
    return all(y is not None and abs(y - float(want)) <= within for y, want in pairs)


def sentence(description: dict) -> str:
    """The text alternative: what is drawn, on which axes, from where to where."""
    return "\n".join(_panel_sentence(panel) for panel in description["panels"])


def _axes_of(thing: object) -> list[Axes] | None:
    if isinstance(thing, Axes):
        return [thing]
    if isinstance(thing, Figure):
        return list(thing.axes)
    if isinstance(thing, np.ndarray | list | tuple) and len(thing):
        flat = list(np.ravel(np.asarray(thing, dtype=object)))
        if all(isinstance(ax, Axes) for ax in flat):
            return flat
    return None


def _panel(ax: Axes) -> dict:
    legend = ax.get_legend()
    return {
        "title": " ".join(filter(None, map(ax.get_title, ("left", "center", "right")))),
        "xlabel": ax.get_xlabel(),
        "ylabel": ax.get_ylabel(),
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
                "x": _tick_names(axis, middles),
                "y": heights,
            }
        )
    return found


def _lines(ax: Axes) -> list[dict]:
    return [
        {
            "kind": "line",
            "label": _label(line),
            "x": [_place(x) for x in line.get_xdata(orig=True)],
            "y": [_number(y) for y in line.get_ydata(orig=True)],
        }
        for line in ax.lines
        if len(line.get_xdata())
    ]


def _points(ax: Axes) -> list[dict]:
    found = []
    for collection in ax.collections:
        offsets = np.asarray(getattr(collection, "get_offsets", lambda: [])())
        if type(collection).__name__ == "PathCollection" and len(offsets):
            x, y = offsets[:, 0].tolist(), offsets[:, 1].tolist()
            found.append({"kind": "points", "label": _label(collection), "x": x, "y": y})
    return found


def _label(artist: object) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _tick_names(axis, middles: list[float]) -> list:
    """Names of the bars where the axis has categories, else their places."""
    formatter = axis.get_major_formatter()
    if not (isinstance(formatter, FixedFormatter) or hasattr(formatter, "_units")):
        return [round(float(middle), 9) for middle in middles]
    places = list(axis.get_major_locator()())
    names = dict(zip(np.round(places, 6), formatter.format_ticks(places), strict=False))
    return [names.get(round(middle, 6), round(float(middle), 9)) for middle in middles]


def _place(x: object) -> object:
    if isinstance(x, pd.Period):
        x = x.end_time
    if isinstance(x, np.datetime64) or hasattr(x, "isoformat"):
        return pd.Timestamp(x).date().isoformat()
    return x if isinstance(x, str) else _number(x)


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
