"""Covers `course.data`: types, fresh frames, what goes wrong and how it is said, the card.

Leaves out whether the descriptor is true of the files (test_data_package).
"""

import hashlib
import html
import json
import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest

from course import data
from course.data import Card, DamagedDataset, UnknownDataset, card, catalogue, load, names

NAMES = names()


@pytest.fixture
def own_copy(tmp_path, monkeypatch):
    """A folder of datasets one may damage."""
    folder = shutil.copytree(data.DATASETS, tmp_path / "datasets")
    monkeypatch.setattr(data, "DATASETS", folder)
    return folder


def text_of(markup: str) -> str:
    """The words a reader sees, each run of white space as one space."""
    parts = []
    parser = HTMLParser()
    parser.handle_data = parts.append
    parser.feed(markup)
    return squeezed(" ".join(parts))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", NAMES)
def test_is_every_column_typed_as_its_field_says(name):
    frame = load(name)
    fields = card(name).resource["schema"]["fields"]
    assert list(frame.columns) == [field["name"] for field in fields]
    for field in fields:
        column = frame[field["name"]]
        if field["type"] == "date":
            assert pd.api.types.is_datetime64_dtype(column)
        elif field["type"] == "string":
            assert column.dtype == "str"
        elif field["type"] == "number":
            assert column.dtype == "float64"
        else:
            assert column.dtype == ("Int64" if "blank" in field else "int64")
        assert column.isna().any() == ("blank" in field)


def test_does_namibia_stay_a_state():
    contributors = load("un_contrib")
    namibia = contributors[contributors["contributor"] == "Namibia"]
    assert set(namibia["iso3"]) == {"NAM"}
    assert len(namibia) > 100


def test_does_the_text_na_stay_text_and_only_a_blank_become_missing(own_copy):
    descriptor = own_copy / "datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    resource = package["resources"][0]
    content = b"iso3,contributor,region,troops,police\nNA,null,Africa,1,\n"
    resource |= {
        "bytes": len(content),
        "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
    }
    (own_copy / resource["path"]).write_bytes(content)
    descriptor.write_text(json.dumps(package), encoding="utf-8")
    row = load(resource["name"]).iloc[0]
    assert (row["iso3"], row["contributor"]) == ("NA", "null")
    assert pd.isna(row["police"])


def test_does_module_01_stay_text():
    assert load("claims")["module"].iloc[0] == "01"


def test_does_changing_a_frame_leave_the_next_load_alone():
    first = load("pact_coverage")
    first.loc[0, "states"] = -1
    del first["year"]
    assert load("pact_coverage").loc[0].to_dict() == {"year": 1816, "states": 23, "with_pact": 14}


@pytest.mark.parametrize("call", [load, card])
def test_does_an_unknown_name_list_the_nearest_and_all(call):
    with pytest.raises(UnknownDataset) as caught:
        call("un_contribs")
    message = str(caught.value)
    assert "'un_contribs'" in message
    assert re.search(r"Did you mean un_contrib\b", message)
    assert all(name in message for name in NAMES)


def test_does_a_name_like_nothing_get_no_guess():
    with pytest.raises(LookupError) as caught:
        load("rainfall")
    assert "Did you mean" not in str(caught.value)
    assert "un_contrib" in str(caught.value)


@pytest.mark.parametrize("name", [None, 7, ["claims"], "", "../claims", "claims.csv"])
def test_is_anything_but_a_known_name_refused(name):
    with pytest.raises((UnknownDataset, TypeError)):
        load(name)


def test_does_a_missing_file_say_which_and_how_to_restore_it(own_copy):
    (own_copy / "un_missions.csv").unlink()
    with pytest.raises(DamagedDataset) as caught:
        load("un_missions")
    message = str(caught.value)
    assert "datasets/un_missions.csv is missing" in message
    assert "git checkout -- datasets/un_missions.csv" in message
    assert "reinstall" in message
    assert len(load("claims")) == 229


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: content.replace(b"1948", b"1984", 1),
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"",
    ],
    ids=["cut short", "one year changed", "line ends changed", "emptied"],
)
def test_does_a_damaged_file_say_what_was_expected_and_found(own_copy, damage):
    path = own_copy / "un_missions.csv"
    shipped = path.read_bytes()
    path.write_bytes(damage(shipped))
    with pytest.raises(DamagedDataset) as caught:
        load("un_missions")
    message = str(caught.value)
    assert "datasets/un_missions.csv" in message
    assert f"expected {len(shipped):,} bytes" in message
    assert f"found {path.stat().st_size:,} bytes" in message
    assert "git checkout -- datasets/un_missions.csv" in message
    path.write_bytes(shipped)
    assert len(load("un_missions")) == 71


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_does_a_damaged_descriptor_say_how_to_restore_it(own_copy, content):
    descriptor = own_copy / "datapackage.json"
    descriptor.unlink()
    if content is not None:
        descriptor.write_text(content, encoding="utf-8")
    with pytest.raises(DamagedDataset, match=r"git checkout -- datasets/datapackage\.json"):
        load("claims")


def test_does_the_catalogue_list_every_dataset_once():
    table = catalogue()
    assert list(table.columns) == ["name", "title", "rows", "bytes", "terms"]
    assert list(table["name"]) == NAMES
    assert list(table["rows"]) == [len(load(name)) for name in NAMES]


def facts(resource: dict) -> list[str]:
    """Every piece of text a card must carry."""
    return [
        resource["title"],
        resource["description"],
        resource["coverage"],
        f"{resource['rows']:,}",
        resource["version"],
        resource["terms"]["kind"],
        resource["terms"]["sentence"],
        resource["citation"]["text"],
        *resource["citation"]["keys"],
        *(source["title"] for source in resource["sources"]),
        *(source["path"] for source in resource["sources"] if "path" in source),
        *(licence["title"] for licence in resource.get("licenses", [])),
        *resource["known_errors"],
        "What these data cannot tell you",
        *resource["cannot_tell"],
        *(
            field[key]
            for field in resource["schema"]["fields"]
            for key in ("name", "description", "unit", "blank")
            if key in field
        ),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_do_text_and_html_carry_the_same_facts(name):
    shown = card(name)
    as_text = squeezed(str(shown))
    as_html = text_of(shown._repr_html_())
    for fact in facts(shown.resource):
        assert squeezed(fact) in as_text, fact
        assert squeezed(fact) in as_html, fact
    assert repr(shown) == str(shown)


@pytest.mark.parametrize("name", NAMES)
def test_is_the_text_card_narrow_enough_for_a_terminal(name):
    # Only a web address may be longer than a line.
    assert all(len(line) <= 88 or "://" in line for line in str(card(name)).splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_is_the_html_card_readable_by_machine_and_in_any_theme(name):
    markup = card(name)._repr_html_()
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    parser.feed(markup)
    headings = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 4
    assert set(headings[1:]) == {5}
    scopes = [attributes["scope"] for tag, attributes in tags if tag == "th"]
    assert scopes.count("col") == 5
    assert scopes.count("row") == len(load(name).columns)
    assert not {tag for tag, _ in tags} & {"script", "style", "img", "iframe", "link"}
    assert not re.search(r"color(?!: inherit)|background|\bon\w+=", markup)


def test_is_text_from_the_descriptor_escaped():
    resource = json.loads(json.dumps(card("un_missions").resource))
    hostile = '<script>alert("x")</script> & co'
    for key in ("title", "description", "coverage", "version"):
        resource[key] = hostile
    resource["known_errors"] = resource["cannot_tell"] = [hostile]
    resource["schema"]["fields"][0] |= {"name": hostile, "description": hostile, "unit": hostile}
    resource["sources"] = [{"title": hostile, "path": hostile}]
    resource["citation"] = {"text": hostile, "keys": [hostile]}
    markup = Card(resource)._repr_html_()
    assert "<script" not in markup
    assert markup.count(html.escape(hostile)) == 13
