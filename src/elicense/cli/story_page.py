"""The page that ``demo`` leaves: one self-contained HTML file in both languages."""

import base64
from html import escape

from elicense.cli import report
from elicense.cli.story import Copy, Step, Story, thumbnail
from elicense.model import Text
from elicense.validating.verdict import summary
from esign.verdict import Indication

_STYLE = """
:root { --ink: #1f2733; --soft: #667085; --line: #e4e7ec; --paper: #fff;
  --back: #f5f6f8; --good: #177245; --bad: #b42318; --open: #a15c07; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei",
  sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
header { border-bottom: 3px solid #b3121d; padding-bottom: 18px; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: .02em; }
h2 { font-size: 19px; margin: 40px 0 12px; }
.en { color: var(--soft); font-weight: 400; font-size: .86em; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px;
  margin: 14px 0 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px ui-monospace, Menlo, Consolas, monospace; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr));
  gap: 16px; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px; display: grid; grid-template-columns: 112px 1fr; gap: 14px; }
.card img { width: 112px; height: auto; max-height: 160px; object-fit: contain;
  object-position: top; border: 1px solid var(--line); background: #fff; }
.card h3 { margin: 0 0 6px; font-size: 15px; } .card p { margin: 0; font-size: 13px;
  color: var(--soft); overflow-wrap: anywhere; } .card p + p { margin-top: 3px; }
.card .badge { margin-top: 8px; }
table { width: 100%; border-collapse: collapse; background: var(--paper);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th, td { text-align: left; padding: 9px 14px; border-top: 1px solid var(--line);
  vertical-align: top; }
th { font-size: 13px; color: var(--soft); font-weight: 500; border-top: 0; }
tr.act td { background: #fafbfc; font-weight: 600; }
.badge { display: inline-block; border-radius: 99px; padding: 1px 10px; font-size: 12px;
  font-weight: 600; letter-spacing: .03em; border: 1px solid currentColor; }
.PASSED { color: var(--good); } .FAILED { color: var(--bad); }
.INDETERMINATE { color: var(--open); }
tr:not(.act) td:first-child .en { display: block; } td:nth-child(4) { width: 44%; }
.right { color: var(--good); } .wrong { color: var(--bad); font-weight: 700; }
footer { margin-top: 32px; color: var(--soft); font-size: 13px; }
@media (max-width: 640px) { th:nth-child(4), td:nth-child(4) { display: none; } }
@media print { body { background: #fff; } main { padding: 0; } }
"""


def html(story: Story) -> str:
    """Return the page of a story that was told.

    Holders that are natural persons are masked; the pages themselves are pictures.
    """
    right = sum(step.holds for step in story.steps)
    cards = "\n".join(_card(story, copy) for copy in story.copies)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>elicense 演示 / demo</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>电子证照演示 <span class="en">elicense demo</span></h1>
{_both(_INTRODUCTION)}
<dl class="facts">
<dt>信任根 / root</dt><dd><code>{escape(story.root)}</code></dd>
<dt>时间 / at</dt><dd>{report.moment(story.at)}</dd>
<dt>结果 / result</dt><dd>{right} / {len(story.steps)} 符合预期
<span class="en">answers as expected</span></dd>
</dl>
</header>
<h2>证照 <span class="en">the licenses, as a stranger finds them now</span></h2>
<div class="cards">
{cards}
</div>
<h2>核验 <span class="en">every question, the expected answer and the one that came\
</span></h2>
<table>
<thead><tr><th>对象 / what</th><th>应为 / expected</th><th>结果 / got</th>
<th>含义 / meaning</th><th></th></tr></thead>
<tbody>
{_table(story)}
</tbody>
</table>
<footer>{_both(_FOOT)}</footer>
</main>
</body>
</html>
"""


_INTRODUCTION = Text(
    "一个虚构的发证机关签发、变更并发布证照；陌生人只凭信任包和固定的信任根离线核验。",
    "An invented department issues and changes licenses and publishes; a stranger"
    " verifies them off line, with the bundle and the pinned root alone.",
)
_FOOT = Text(
    "机关、持证人及其代码均为虚构；测试印章，无法律效力。",
    "Department, holders and codes are invented; the test seal has no legal effect.",
)


def _both(text: Text) -> str:
    return f'<div>{escape(text.zh)}</div><div class="en">{escape(text.en)}</div>'


def _inline(text: Text) -> str:
    return f'{escape(text.zh)} <span class="en">{escape(text.en)}</span>'


def _badge(step: Step) -> str:
    code = step.verdict.code
    return f'<span class="badge {code.indication.value}">{code.text}</span>'


def _card(story: Story, copy: Copy) -> str:
    """Return a license with its picture and the last answer about its PDF."""
    picture = base64.b64encode(thumbnail(copy.issued.pdf)).decode()
    path = f"licenses/{copy.name}.pdf"
    number = copy.name[:2]
    step = _last_of(story, number)
    claims = copy.issued.verdict.claims
    shown = {} if claims is None else summary(claims)
    title = escape(copy.issued.license.draft.title)
    until = shown.get("valid_until") or "长期"
    return f"""<div class="card">
<a href="{path}"><img alt="{number} {title}" src="data:image/png;base64,{picture}"></a>
<div><h3>{number} {title}</h3>
<p>{escape(str(shown.get("holder", "")))}</p>
<p>{escape(str(shown.get("number", "")))}</p>
<p>{shown.get("valid_from", "")} – {until}</p>
{_badge(step)}</div>
</div>"""


def _last_of(story: Story, number: str) -> Step:
    """Return the last answer of the day about the PDF itself, not about a forgery."""
    found = [
        step
        for step in story.steps
        if step.subject.en.startswith(f"{number}-") and step.verdict.at == story.at
    ]
    return found[-1]


def _table(story: Story) -> str:
    rows, act = [], ""
    for step in story.steps:
        if step.act.en != act:
            act = step.act.en
            rows.append(
                f'<tr class="act"><td colspan="5">{_inline(step.act)}</td></tr>'
            )
        rows.append(_row(step))
    return "\n".join(rows)


def _row(step: Step) -> str:
    mark = ("right", "✔") if step.holds else ("wrong", "✘")
    meaning = _inline(step.verdict.message)
    if step.verdict.indication is Indication.PASSED:
        scope = step.verdict.scope
        meaning += f' <span class="en">({"" if scope is None else scope.value})</span>'
    return (
        f"<tr><td>{_inline(step.subject)}</td><td>{step.expected.text}</td>"
        f"<td>{_badge(step)}</td><td>{meaning}</td>"
        f'<td class="{mark[0]}">{mark[1]}</td></tr>'
    )
