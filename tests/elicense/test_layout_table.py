"""Each reader of a layout table says where, and what it expected, in both languages."""

import pytest

from elicense.errors import CatalogError
from elicense.layout.table import Table

LENGTHS = "各为 0 至 1000 毫米", "each 0 to 1000 mm"
CASES = {
    "a number where a text is": (
        {"key": 7},
        lambda table: table.text("key"),
        ("应为文本", "expected a text"),
    ),
    "a word that is none of the choices": (
        {"key": "red"},
        lambda table: table.choice("key", {"": 0, "blue": 1, "green": 2}, ""),
        ('应为下列之一："blue"、"green"', 'expected one of: "blue", "green"'),
    ),
    "a number among texts": (
        {"key": ["a", 7]},
        lambda table: table.texts("key"),
        ("应为文本列表", "expected a list of texts"),
    ),
    "no text at all": (
        {"key": []},
        lambda table: table.text_or_texts("key"),
        ("应为文本，或至少一项的文本列表", "expected a text, or a list of some"),
    ),
    "a number in quotes": (
        {"key": "7"},
        lambda table: table.number("key"),
        ("应为 0 至 1000 的数", "expected a number from 0 to 1000"),
    ),
    "a number below zero": (
        {"key": -1},
        lambda table: table.number("key"),
        ("应为 0 至 1000 的数", "expected a number from 0 to 1000"),
    ),
    "a count beyond its limit": (
        {"key": 5},
        lambda table: table.count("key", 4),
        ("应为 1 至 4 的整数", "expected a whole number from 1 to 4"),
    ),
    "a count that can only be one": (
        {"key": 2},
        lambda table: table.count("key", 1),
        ("应为 1", "expected 1"),
    ),
    "a yes as a count": (
        {"key": True},
        lambda table: table.count("key", 4),
        ("应为 1 至 4 的整数", "expected a whole number from 1 to 4"),
    ),
    "a word where yes or no is": (
        {"key": "yes"},
        lambda table: table.flag("key", default=False),
        ("应为 true 或 false", "expected true or false"),
    ),
    "an empty list of tables": (
        {"key": []},
        lambda table: table.tables("key"),
        ("应为表的列表，至少一项", "expected a list of tables, one at least"),
    ),
    "a text among tables that may be left out": (
        {"key": ["a"]},
        lambda table: table.tables("key", required=False),
        ("应为表的列表", "expected a list of tables"),
    ),
    "a box of three": (
        {"key": [1, 2, 3]},
        lambda table: table.box("key"),
        (
            f"应为 [左, 上, 宽, 高]，{LENGTHS[0]}",
            f"expected [left, top, width, height], {LENGTHS[1]}",
        ),
    ),
    "a box with a length in quotes": (
        {"key": [1, 2, 3, "4"]},
        lambda table: table.box("key"),
        (
            f"应为 [左, 上, 宽, 高]，{LENGTHS[0]}",
            f"expected [left, top, width, height], {LENGTHS[1]}",
        ),
    ),
    "a corner of three": (
        {"key": [1, 2, 3]},
        lambda table: table.pair("key", "[left, bottom]"),
        (f"应为 [左, 下]，{LENGTHS[0]}", f"expected [left, bottom], {LENGTHS[1]}"),
    ),
    "a line without its width": (
        {"key": [1, 2]},
        lambda table: table.triple("key", "[left, top, width]"),
        (
            f"应为 [左, 上, 宽]，{LENGTHS[0]}",
            f"expected [left, top, width], {LENGTHS[1]}",
        ),
    ),
    "a rule of three": (
        {"key": [[1, 2, 3]]},
        lambda table: table.rules("key"),
        (
            f"应为列表，每项为 [x1, y1, x2, y2]，{LENGTHS[0]}",
            f"expected a list of [x1, y1, x2, y2], {LENGTHS[1]}",
        ),
    ),
    "nothing": (
        {},
        lambda table: table.number("key"),
        (
            "缺少该项，应为 0 至 1000 的数",
            "is missing; expected a number from 0 to 1000",
        ),
    ),
    "nothing, and a key that is nearly the one": (
        {"kee": 7},
        lambda table: table.number("key"),
        (
            "缺少该项，应为 0 至 1000 的数（有 kee，是否写错？）",
            "is missing; expected a number from 0 to 1000 (there is kee: a slip?)",
        ),
    ),
    "a key too many": (
        {"key": 7, "kez": 7},
        lambda table: (table.number("key"), table.end()),
        ("不认识该项，可用的有：key", "unknown key; there is: key"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_reader_says_what_it_expected(case):
    content, read, (zh, en) = CASES[case]
    with pytest.raises(CatalogError) as caught:
        read(Table("permit", "layouts.正本.rows[2]", content))
    key = "kez" if "kez" in content else "key"
    assert caught.value.message.zh == (
        f"证照类型 permit 的版式表 layouts.正本.rows[2].{key}：{zh}"
    )
    assert caught.value.message.en == (f"type permit: layouts.正本.rows[2].{key}: {en}")


def test_a_key_that_is_like_no_other_is_told_with_all_there_are():
    table = Table("permit", "layout", {"colour": "red"})
    table.flag("rule", default=False)
    assert table.box_or_none("photo") is None
    assert table.pair_or_none("external", "[left, bottom]") is None
    with pytest.raises(CatalogError) as caught:
        table.end()
    assert "unknown key; there is: rule, photo, external" in caught.value.message.en


EDGES = {
    "the whole paper": ([0, 0, 210, 297], None),
    "beyond its right edge": (
        [200, 0, 10.5, 9],
        "its right edge is at 210.5 mm, the paper ends at 210 mm",
    ),
    "beyond its lower edge": (
        [0, 290, 9, 9],
        "its lower edge is at 299 mm, the paper ends at 297 mm",
    ),
}


@pytest.mark.parametrize("case", EDGES)
def test_a_box_lies_on_the_paper_in_tables_too(case):
    box, expected = EDGES[case]
    table = Table("permit", "layout", {"title": box, "rows": [{"box": box}]})
    table.lies_on(210, 297)
    (row,) = table.tables("rows")
    for place, key, where in ((table, "title", "title"), (row, "box", "rows[0].box")):
        if expected is None:
            assert place.box(key) == tuple(box)
            continue
        with pytest.raises(CatalogError) as caught:
            place.box(key)
        assert caught.value.message.en == f"type permit: layout.{where}: {expected}"
        assert "毫米" in caught.value.message.zh


def test_without_a_paper_a_box_may_lie_anywhere():
    assert Table("permit", "layout", {"box": [900, 0, 900, 9]}).box("box")
