"""The bibliography as one page: what is confirmed, and what is not.

    python -m course.bibliography > docs/bibliography.md

An entry's status stands in `references.bib` alone: `confirmed` says what was seen and when,
`unseen` what was not. Reading lists in the lessons repeat the second.
"""

from course import syllabus


def used() -> dict[str, list[str]]:
    """Modules that list a reading, by key: `{"fearon_1995": ["02"]}`."""
    found: dict[str, list[str]] = {}
    for module in syllabus.modules():
        for key in module.readings:
            found.setdefault(key, []).append(module.id[1:])
    return found


def page() -> str:
    """All entries on one page, in Markdown: first those with something unconfirmed."""
    entries = sorted(syllabus.references(), key=lambda key: syllabus.cite(key).casefold())
    open_ones = [key for key in entries if syllabus.references()[key].get("unseen")]
    settled = [key for key in entries if key not in open_ones]
    return "\n".join(
        [
            "# Bibliography",
            "",
            f"{len(entries)} works, documents and data sets. In brackets: the modules whose "
            "reading lists name them; the others stand in `docs/review/facts/` or on data cards. "
            "Made by `python -m course.bibliography`.",
            "",
            f"## Not fully confirmed ({len(open_ones)})",
            "",
            "The work is not in doubt unless it says so; the detail named was not seen.",
            "",
            *map(_line, open_ones),
            "",
            f"## Confirmed ({len(settled)})",
            "",
            *map(_line, settled),
            "",
        ]
    )


def _line(key: str) -> str:
    where = f" [{', '.join(used()[key])}]" if key in used() else ""
    return f"- `{key}`{where} {syllabus.cite(key)} *{syllabus.references()[key]['confirmed']}.*"


if __name__ == "__main__":
    print(page(), end="")
