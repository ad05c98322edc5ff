"""The control page itself: plain HTML, no script, forms that post to the same endpoints as programs do."""

from html import escape
from typing import NamedTuple

from sandbox.actions import seconds
from sandbox.shapes import DEFAULT_SHAPE, SHAPES
from sandbox.world import World

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#182433}
form{border:1px solid #c8d0da;border-radius:6px;padding:.75rem 1rem;margin:0 0 1rem}
h2{font-size:1.05rem;margin:0 0 .5rem}label{display:inline-block;margin:0 .75rem .5rem 0}
input,select,textarea{display:block;font:inherit;min-width:14rem}button{font:inherit;padding:.2rem .9rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2rem .75rem .2rem 0;border-bottom:1px solid #dde3ea}
"""
LATEST = 15


class Form(NamedTuple):
    """One form: where it posts, its heading, and (name, label, example) of each input."""

    target: str
    title: str
    inputs: tuple[tuple[str, str, str], ...]


FORMS = (
    Form("lock", "Lock a mailbox", (("mailbox", "Address or GUID", ""), ("reason", "Reason", "Sent spam"))),
    Form(
        "fail-next",
        "Fail the next action",
        (
            ("action", "Action", "Provision"),
            ("kind", "Kind", "domain"),
            ("errors", "Words", "The MX record is missing"),
        ),
    ),
    Form(
        "refuse-next",
        "Refuse the next request",
        (("status", "Status", "503"), ("method", "Method", "POST"), ("path", "Path contains", "/mailboxes")),
    ),
    Form(
        "faults",
        "Let something go wrong",
        (
            ("fault", "Fault", "reset"),
            ("when", "Before or after it is applied", "after"),
            ("method", "Method", "POST"),
            ("path", "Path contains", "/mailboxes"),
            ("times", "How often", "1"),
            ("lasts", "For how many seconds", ""),
        ),
    ),
    Form("shut", "Refuse all connections", (("seconds", "Seconds", "5"),)),
    Form("vanish", "Remove behind one's back", (("guid", "GUID, address or domain", ""),)),
    Form(
        "alter",
        "Change behind one's back",
        (("guid", "GUID, address or domain", ""), ("state", "State", "suspended"), ("name", "Name", "")),
    ),
    Form("speed", "Seconds that an action takes", (("seconds", "Seconds", "0.5-3"),)),
    Form(
        "relock",
        "Lock again after an unlock without new password",
        (("seconds", "Seconds, 0 = never", "30"),),
    ),
    Form("stale", "Make a domain stale", (("domain", "Name or GUID", ""),)),
    Form("finish", "End open actions now", (("guid", "GUID, or blank for all", ""),)),
)


def render(world: World) -> str:
    """The whole page."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Sandbox control</title>",
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style></head><body>",
        f"<h1>Sandbox control</h1><p>{_summary(world)}</p>",
        "<p><a href=/control/books>Books</a> · <a href=/control/inventory>Inventory</a> · "
        "<a href=/control/actions>Actions</a></p>",
        *(_form(form) for form in FORMS),
        _select("catalogue-shape", "Shape of the catalogue", "shape", [*SHAPES], _shape(world)),
        _select("reset", "Start afresh (everything is lost)", "seed", ["demo", "empty"], world.settings.seed),
        _latest(world),
        "</body></html>",
    ]
    return "\n".join(parts)


def _shape(world: World) -> str:
    return str(world.value("catalogue-shape", DEFAULT_SHAPE))


def _summary(world: World) -> str:
    least, most = seconds(world)
    counts = (
        (len(world.ous), "organisational units"),
        (len(world.packages), "packages"),
        (len(world.domains), "domains"),
        (len(world.mailboxes), "mailboxes"),
    )
    held = ", ".join(f"{n} {words}" for n, words in counts)
    return f"Dialect {escape(world.settings.dialect)}. {held}. Actions take {least:g} to {most:g} s."


def _form(form: Form) -> str:
    inputs = "".join(
        f"<label>{escape(label)}<input name={name} placeholder='{escape(example)}'></label>"
        for name, label, example in form.inputs
    )
    return _posting(form.target, form.title, inputs)


def _posting(target: str, title: str, inputs: str) -> str:
    heading = f"<h2>{escape(title)}</h2>"
    return f"<form method=post action=/control/{target}>{heading}{inputs}<button>Do it</button></form>"


def _select(target: str, title: str, name: str, choices: list[str], chosen: str) -> str:
    options = "".join(f"<option{' selected' if c == chosen else ''}>{escape(c)}</option>" for c in choices)
    field = f"<label>{name.capitalize()}<select name={name}>{options}</select></label>"
    return _posting(target, title, field)


def _latest(world: World) -> str:
    latest = list(world.actions.values())[-LATEST:][::-1]
    rows = "".join(
        f"<tr><td>{a.id}<td>{escape(a.name)}<td>{a.on}<td>{a.guid}<td>{a.state}"
        f"<td>{escape('; '.join(a.errors))}"
        for a in latest
    )
    head = "<tr><th>Id<th>Action<th>On<th>GUID<th>State<th>Words"
    return f"<h2>Latest actions</h2><table>{head}{rows}</table>"
