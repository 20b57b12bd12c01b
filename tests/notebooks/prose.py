"""Reading a lesson's prose: headings, sentences, words, percentages."""

import re

from course import glossary

NOT_PROSE = re.compile(
    r"```[\s\S]*?```"  # code
    r"|^\|.*$"  # tables
    r"|^#+ .*$"  # headings, and the marks of nbgrader's regions
    r"|</?\w[^>]*>",  # tags
    re.M,
)
#: A full stop after one of these ends no sentence.
SHORT = r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bcf\.)(?<!\bal\.)(?<!\bNo\.)(?<!\bArt\.)"
END = re.compile(SHORT + r"(?<=[.!?:])[*_)\"'”]*\s+(?=[^a-z])")
COUNT = re.compile(
    r"\bn = \d"  # n = 115 states
    r"|\b(?:of|from|among|in) (?:the |its |all )?\d[\d,]*\b"  # 275 of 745
    r"|\b(?!(?:1[89]|20)\d\d\b)\d[\d,]* (?:[\w-]+ ){0,2}[a-z]+s\b"  # 89 contributing states
    r"|\b\d[\d,]* people\b"
)
PERCENTAGE = re.compile(r"\d(?:\.\d+)? ?(?:%|per cent)")


def headings(sources: list[str]) -> list[tuple[int, str]]:
    """Level and text of every heading, in order; code and region marks left out."""
    found = []
    for source in sources:
        text = re.sub(r"```.*?```", "", source, flags=re.S)
        for marks, title in re.findall(r"^(#+) (.+)$", text, flags=re.M):
            if not title.startswith(("BEGIN ", "END ")):
                found.append((len(marks), title))
    return found


def sentences(source: str) -> list[str]:
    """The sentences of a Markdown text. A list item or a paragraph ends one."""
    text = NOT_PROSE.sub("\n\n", glossary.unlink(source))
    text = re.sub(r"`[^`]*`", "code", text)  # a piece of code reads as one word
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "\n\n", text, flags=re.M)  # list items
    flat = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text)]
    return [one for block in flat for one in END.split(block) if words(one)]


def words(sentence: str) -> list[str]:
    """Its words: runs of letters and digits, with hyphens, apostrophes and commas inside."""
    return re.findall(r"\w+(?:[-'’.,/]\w+)*", sentence)


def bare_percentage(source: str) -> str | None:
    """The first percentage of a text that holds no count at all, or None."""
    text = re.sub(r"```.*?```|`[^`]*`", "", glossary.unlink(source), flags=re.S)
    found = PERCENTAGE.search(text)
    if found is None or COUNT.search(text):
        return None
    return text[max(0, found.start() - 60) : found.end() + 10].strip()
