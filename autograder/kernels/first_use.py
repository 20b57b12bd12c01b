"""What libraries do slowly the first time, done once before there is a notebook.

The text of an error alone takes 50 ms in a new process, and three processes serve a notebook.
"""

import sys

_FRAMES = """
import io

import pandas as pd
from autograder.marking import wire

frame = pd.read_csv(io.StringIO("name,day,x,n\\na,2000-01-31,1.5,1\\nb,1999-02-01,,2\\na,,2,3"))
frame["year"] = pd.to_datetime(frame["day"]).dt.year
frame = frame[(frame["n"] > 0) & frame["name"].isin(["a", "b"])].assign(x=frame["x"].fillna(0))
groups = frame.groupby("name")["n"].agg(["count", "sum", "max", "median"])
frame.sort_values(["n", "name"], ascending=[False, True]).drop_duplicates("name")
frame.pivot_table(index="name", columns="year", values="n", aggfunc="mean").idxmax(axis=1)
frame["name"].str.upper().value_counts()
frame.merge(groups.reset_index(), on="name").describe()
assert wire.same(frame, wire.decode(wire.encode(frame)))
frame
"""
#: Without pyplot, which would take the present shell for the one of the notebook to come.
_FIGURE = """
import io

from matplotlib.figure import Figure

figure = Figure()
axes = figure.subplots()
axes.plot([1, 2], [3, 4], label="one")
axes.bar(["a", "b"], [1, 2])
axes.set_title("one")
axes.legend()
figure.tight_layout()
figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
"""

#: Cells by the library that they are about. They draw no random number and leave nothing open.
CELLS = {"IPython": "1 / 0", "pandas": _FRAMES, "matplotlib.pyplot": _FIGURE}


def cells() -> list[str]:
    """Those about libraries that are loaded."""
    return [source for library, source in CELLS.items() if library in sys.modules]
