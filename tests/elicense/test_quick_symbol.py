"""The quick choice of a mask is the standard's, and its symbols are zxing-cpp's."""

import random
from itertools import groupby

import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import quick_symbol
from elicense.quick_symbol import MARGIN, MASKS, Frame
from esign.encoding import BASE45_ALPHABET

VERSIONS = range(1, 21)
# Characters that 20-M and below hold in alphanumeric mode (ISO/IEC 18004, table 7).
CAPACITIES = (
    *(20, 38, 61, 90, 122, 154, 178, 221, 262, 311),
    *(366, 419, 483, 528, 600, 656, 734, 816, 909, 970),
)
CAPACITY = dict(zip(VERSIONS, CAPACITIES, strict=True))


def text_of(version: int, seed: int = 0) -> str:
    rng = random.Random(1000 * version + seed)
    return "".join(rng.choices(BASE45_ALPHABET, k=CAPACITY[version]))


def framed(cells: list[list[int]]) -> Frame:
    """Return the frame of rows of modules, 1 is dark."""
    margin = [0] * MARGIN
    blank = [[0] * (len(cells) + 2 * MARGIN)] * MARGIN
    rows = [*blank, *([*margin, *row, *margin] for row in cells), *blank]
    return Frame(len(cells), int("".join(str(cell) for row in rows for cell in row), 2))


def cells_of(frame: Frame) -> list[list[int]]:
    """Return the rows of modules of a frame, 1 is dark."""
    return [
        [int(digit) for digit in f"{row:0{frame.size}b}"]
        for row in quick_symbol.rows(frame)
    ]


# The four features of ISO/IEC 18004, section 7.8.3.1, read one after the other.


def penalty_of_runs(lines: list[list[int]]) -> int:
    lengths = [len(list(run)) for line in lines for _, run in groupby(line)]
    return sum(3 + length - 5 for length in lengths if length >= 5)


def penalty_of_blocks(cells: list[list[int]]) -> int:
    places = range(len(cells) - 1)
    found = 0
    for y in places:
        for x in places:
            upper, lower = cells[y][x : x + 2], cells[y + 1][x : x + 2]
            found += sum(upper + lower) in (0, 4)
    return 3 * found


def penalty_of_lookalikes(lines: list[list[int]]) -> int:
    found = 0
    for line in lines:
        text = "0000" + "".join(map(str, line)) + "0000"
        for place in range(4, len(text) - 10):
            if text[place : place + 7] == "1011101":
                before, after = text[place - 4 : place], text[place + 7 : place + 11]
                found += "0000" in (before, after)
    return 40 * found


def penalty_of_share(cells: list[list[int]]) -> int:
    dark, modules = sum(map(sum, cells)), len(cells) ** 2
    # Five percent off a half are a twentieth of all modules.
    return 10 * int(abs(dark - modules / 2) / (modules / 20))


def plain_penalty(cells: list[list[int]]) -> int:
    columns = [list(column) for column in zip(*cells, strict=True)]
    return (
        penalty_of_runs(cells + columns)
        + penalty_of_blocks(cells)
        + penalty_of_lookalikes(cells + columns)
        + penalty_of_share(cells)
    )


def with_run(place: int, pattern: str, *, down: bool) -> Frame:
    """Return a frame of a chequered symbol with one line that begins otherwise."""
    cells = [[(x + y) % 2 for x in range(21)] for y in range(21)]
    for offset, digit in enumerate(pattern):
        x, y = (10, place + offset) if down else (place + offset, 10)
        cells[y][x] = int(digit)
    return framed(cells)


ODD_FRAMES = {
    "all light": framed([[0] * 21] * 21),
    "all dark": framed([[1] * 21] * 21),
    "chequered": framed([[(x + y) % 2 for x in range(21)] for y in range(21)]),
    "rows in turn": framed([[y % 2] * 21 for y in range(21)]),
    "columns in turn": framed([[x % 2 for x in range(21)] for _ in range(21)]),
    "exactly sixty percent dark": framed([[1] * 15 + [0] * 10 for _ in range(25)]),
    "exactly forty percent dark": framed([[1] * 10 + [0] * 15 for _ in range(25)]),
}
LINES = {
    f"{name} {'down' if down else 'across'} at {place}": with_run(
        place, pattern, down=down
    )
    for name, pattern in {
        "a run of four": "1111",
        "a run of five": "00000",
        "a run of six": "111111",
        "a look-alike": "1011101",
        "a look-alike before light": "10111010000",
        "a look-alike behind light": "00001011101",
        "a look-alike before three light": "10111010001",
    }.items()
    for down in (False, True)
    for place in (0, 1, 2, 3, 4, 8, 20 - len(pattern), 21 - len(pattern))
}


@pytest.mark.parametrize("case", ODD_FRAMES)
def test_the_penalty_of_a_square_that_is(case):
    frame = ODD_FRAMES[case]
    assert quick_symbol.penalty(frame) == plain_penalty(cells_of(frame))


def test_the_penalty_of_each_feature_at_the_edges_and_inside():
    for case, frame in LINES.items():
        assert quick_symbol.penalty(frame) == plain_penalty(cells_of(frame)), case


PIECES = st.sampled_from(["1011101", "0000", "0", "1", "11111", "01", "00000"])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([21, 25, 29]), st.booleans())
def test_the_penalty_of_any_square_is_the_plain_one(data, size, turned):
    rows = st.lists(PIECES, min_size=size, max_size=size)
    pieces = data.draw(st.lists(rows, min_size=3, max_size=3))
    choice = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    cells = [[int(digit) for digit in "".join(pieces[n])[:size]] for n in choice]
    if turned:
        cells = [list(column) for column in zip(*cells, strict=True)]
    assert quick_symbol.penalty(framed(cells)) == plain_penalty(cells)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(VERSIONS), st.integers(0, 999), st.integers(0, MASKS - 1))
def test_the_penalty_of_any_symbol_is_the_plain_one(version, seed, mask):
    frame = quick_symbol.draw(text_of(version, seed), mask)
    assert frame.size == 17 + 4 * version
    assert quick_symbol.penalty(frame) == plain_penalty(cells_of(frame))


# The eight symbols of a text.


@pytest.mark.parametrize("version", VERSIONS)
def test_each_mask_gives_the_symbol_that_the_drawer_draws(version):
    text = text_of(version, 1)
    plain = quick_symbol.draw(text, 0)
    drawn = [quick_symbol.draw(text, mask).bits for mask in range(MASKS)]
    derived = [plain.bits ^ each for each in quick_symbol.differences(plain.size)]
    assert derived == drawn
    assert len(set(drawn)) == MASKS


def other_drawer(version: int, mask: int) -> list[list[int]]:
    code = qrcode.QRCode(
        version, qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=mask
    )
    code.add_data("ANOTHER TEXT")
    code.make(fit=False)
    return [[int(cell) for cell in row] for row in code.get_matrix()]


@pytest.mark.parametrize("version", [1, 2, 6, 7, 14, 20])
def test_masks_differ_as_in_another_drawer(version):
    size = 17 + 4 * version
    plain, *others = [framed(other_drawer(version, mask)) for mask in range(MASKS)]
    assert plain.size == size
    assert quick_symbol.differences(size) == (
        0,
        *(plain.bits ^ other.bits for other in others),
    )


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(VERSIONS), st.integers(0, 999))
def test_the_symbol_of_the_lowest_penalty_is_chosen(version, seed):
    text = text_of(version, seed)
    symbols = [quick_symbol.draw(text, mask) for mask in range(MASKS)]
    penalties = [plain_penalty(cells_of(symbol)) for symbol in symbols]
    lowest = symbols[penalties.index(min(penalties))]
    assert quick_symbol.best(symbols[0]) == lowest


def test_of_masks_with_the_same_penalty_the_first_is_chosen():
    ties = 0
    for seed in range(1000):
        plain = quick_symbol.draw(text_of(1, seed), 0)
        symbols = [
            Frame(plain.size, plain.bits ^ each)
            for each in quick_symbol.differences(plain.size)
        ]
        penalties = [quick_symbol.penalty(symbol) for symbol in symbols]
        lowest = min(penalties)
        if penalties.count(lowest) > 1:
            ties += 1
            assert quick_symbol.best(plain) == symbols[penalties.index(lowest)]
    assert ties > 3


@pytest.mark.parametrize("version", VERSIONS)
def test_the_drawer_itself_chooses_the_same_mask(version):
    for seed in range(5):
        text = text_of(version, 100 + seed)
        image = zxingcpp.create_barcode(
            text, zxingcpp.BarcodeFormat.QRCode, ec_level="M"
        ).to_image(add_quiet_zones=False)
        dark = [int(value == 0) for value in bytes(image)]
        size = image.shape[0]
        cells = [dark[y * size : (y + 1) * size] for y in range(size)]
        assert cells_of(quick_symbol.best(quick_symbol.draw(text, 0))) == cells


def test_a_text_that_no_symbol_holds_is_a_value_error():
    with pytest.raises(ValueError, match=r"."):
        quick_symbol.draw("A" * 5000, 0)
    with pytest.raises(ValueError, match=r"."):
        quick_symbol.draw("A" * 21, 0, version=1)
