"""Make the page and the chart of the benchmarks from their results.

Usage: python benchmarks/report.py bench-output/results.json [--into FOLDER]

Writes benchmarks.md and benchmarks.svg beside the results, or into FOLDER. Nothing is
left out: whatever the file says of a promise is on the page, kept or MISSED.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill

import measure
from chart import Bar, Group, draw

Found = Mapping[str, object]
TITLES = {
    "qr": "One QR text",
    "bulk": "Many QR texts",
    "snapshot": "A snapshot alone",
    "stream": "Memory over a stream of texts",
    "issue": "Issuing",
    "validate": "Validating a sealed PDF",
    "cores": "Two processes",
}
OURS = ("snapshot", "signature path")
CHART = "benchmarks.svg"
_ROLE = re.compile(r":\w+:(?=`)")
_COLUMNS = 100
_MILLI, _WHOLE = 1_000, 100


def spent(microseconds: float) -> str:
    """Return a time with three digits."""
    if microseconds < _MILLI:
        return f"{microseconds:#.3g}".rstrip(".") + " µs"
    return f"{microseconds / 1000:#.3g}".rstrip(".") + " ms"


def times(value: float) -> str:
    """Return a multiple with three digits, or whole ones."""
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:#.3g}".rstrip(".")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table of Markdown, its columns but the first to the right."""
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def name_of(text: str) -> str:
    """Return the name of a job; what is a part of another is marked."""
    depth = (len(text) - len(text.lstrip())) // 2
    return "· " * depth + text.strip()


def said_of(ratio: Found) -> str:
    """Return a ratio in words: what it came to, and what was promised."""
    unit = ratio.get("unit", " times")
    found = f"{ratio['name']}: {times(ratio['of_median'])}{unit}"
    said = measure.judged(ratio)
    return found + (f"; {said}" if said else "")


def promises(results: Mapping[str, Found]) -> Iterator[str]:
    """Yield the table of what was promised, and whether it was kept."""
    rows = []
    for name, run in results.items():
        for result in run["results"]:
            for ratio in (result["ratio"], *result.get("more_ratios", ())):
                if said := measure.judged(ratio):
                    promised, _, kept = said.removeprefix("promised ").partition(": ")
                    shown = kept if kept == "kept" else f"**{kept}**"
                    link = TITLES.get(name, name)
                    anchor = link.lower().replace(" ", "-")
                    what = f"[{result['job']}](#{anchor}): {ratio['name']}"
                    of = f"{ratio['of_median']:g}{ratio.get('unit', 'x')}"
                    rows.append((what, promised, of, shown))
    yield from table(("of medians", "promised", "measured", ""), rows)


def prose(text: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring."""
    for part in re.split(r"\n\s*\n", text.strip()):
        plain = _ROLE.sub("", " ".join(part.split())).replace("``", "`")
        yield fill(plain, _COLUMNS, break_long_words=False, break_on_hyphens=False)
        yield ""


def one_result(result: Found) -> Iterator[str]:
    """Yield what one result says."""
    yield f"### {result['job'][0].upper()}{result['job'][1:]}"
    yield ""
    rows = [
        (name_of(name), spent(one["min_us"]), spent(one["median_us"]))
        for name, one in result["timings"].items()
    ]
    items = f"time of one, {result['items']:,} a round"
    yield from table((items, "least", "median"), rows)
    if kept := result.get("table"):
        yield from table(kept["head"], kept["rows"])
    for ratio in (result["ratio"], *result.get("more_ratios", ())):
        yield f"- {said_of(ratio)}"
    for note in result.get("notes", ()):
        yield f"- {note}"
    yield f"- left out: {result['left_out']}"
    yield ""


def circumstances(run: Found) -> str:
    """Return when a benchmark ran, how large, and what else the machine did."""
    before, after = (run[name][0] for name in ("load_before", "load_after"))
    return (
        f"{run['at'][:10]}, size `{run['size']}`, {run['seconds']:.0f} s; load of the"
        f" machine {before:g} when it began, {after:g} when it ended."
    )


def one_run(name: str, run: Found) -> Iterator[str]:
    """Yield the section of one benchmark."""
    yield f"## {TITLES.get(name, name)}"
    yield ""
    yield from prose(run["about"])
    yield circumstances(run)
    yield ""
    for result in run["results"]:
        yield from one_result(result)


def versions(machine: Found) -> str:
    """Return what ran, and on what."""
    packages = ", ".join(f"{name} {text}" for name, text in machine["packages"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; Python"
        f" {machine['python']}, {machine['openssl']}; {packages}."
    )


def ladders(results: Mapping[str, Found]) -> list[Found]:
    """Return the results that have bars, the smallest table first."""
    every = [result for run in results.values() for result in run["results"]]
    return sorted((one for one in every if "bars" in one), key=lambda one: one["rows"])


def groups(found: Sequence[Found]) -> Iterator[Group]:
    """Yield the bars of each way, the slowest way first."""
    last = found[-1]["bars"]
    for name in sorted(last, key=lambda way: last[way]):
        bars = [
            Bar(one["bars"][name], label(one, name), number)
            for number, one in enumerate(found)
            if name in one["bars"]
        ]
        kept = [row[0] for row in found[-1]["table"]["rows"]]
        depends = any(name.startswith(one) for one in kept)
        yield Group(name, tuple(bars if depends else bars[-1:]), name in OURS)


def label(result: Found, name: str) -> str:
    """Return what stands behind a bar."""
    value = times(result["bars"][name])
    return f"{value}× · {spent(result['timings'][name]['median_us'])}"


def chart(report: Found) -> str | None:
    """Return the chart, None where nothing was measured for it."""
    found = ladders(report["results"])
    if not found:
        return None
    run = report["results"]["bulk"]
    return draw(
        "From a QR text to an answer, as many times as fast as one bare P-256"
        " verification",
        f"one core, logarithmic; {report['machine']['processor']}, {run['at'][:10]},"
        f" size {run['size']}, load {run['load_before'][0]:g}",
        [f"table of {one['rows']:,} rows" for one in found],
        list(groups(found)),
        "slower ←  1 = bare P-256  → faster",
    )


def page(report: Found) -> str:
    """Return the page."""
    results = report["results"]
    order = [*TITLES, *(name for name in results if name not in TITLES)]
    runs = {name: results[name] for name in order if name in results}
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench SIZE=full`, and not by hand; `make bench` alone takes a",
        "smaller size. Each benchmark and its peer take turns in one run, so a busy",
        "machine hits both alike: believe the ratios, not the times.",
        "",
        f"Measured on {versions(report['machine'])}",
        "",
    ]
    sizes = {run["size"] for run in runs.values()}
    if sizes != {"full"}:
        what = " and ".join(f"`{size}`" for size in sorted(sizes))
        lines += [f"**Size {what}: smaller than what is published.**", ""]
    busiest = max(run["load_before"][0] for run in runs.values())
    if busiest > report["machine"]["cores"] + 1:
        lines += [
            f"**Other programs ran too: load {busiest:g} before a benchmark began.**",
            "",
        ]
    lines += ["## What was promised", "", *promises(runs)]
    if chart(report):
        alt = "Speed of each way from a QR text to an answer beside bare P-256"
        lines += [f"![{alt}]({CHART})", ""]
    for name, run in runs.items():
        lines += one_run(name, run)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Read the results, and write page and chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    report = json.loads(arguments.results.read_text(encoding="utf-8"))
    into = arguments.into or arguments.results.parent
    made = {"benchmarks.md": page(report), CHART: chart(report)}
    for name, text in made.items():
        if text is not None:
            (into / name).write_text(text, encoding="utf-8")
            print(f"written: {into / name}")


if __name__ == "__main__":
    main()
