"""The tags that pages are made of: `{% load ui %}`. What each looks like is in docs/decisions/0005-look.md.

Everything that comes from SYNAQ or from people is escaped here; only the icons are trusted markup.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal import icons, times, words

register = template.Library()

_MESSAGE_TONES = {"error": "bad", "warning": "warn", "success": "good"}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """`{% icon "mail" %}`, `{% icon "mail" "icon-sm" %}`: inlined, hidden from assistive technology."""
    return mark_safe(icons.icon_svg(str(name), css))  # noqa: S308  (our own vendored files; css is escaped)


@register.filter
def breakable(address: object) -> SafeString:
    """`{{ mailbox.email|breakable }}`: where it does not fit into a line, it is broken after the @."""
    local, at, domain = str(address).rpartition("@")
    return format_html("{}{}<wbr>{}", local, at, domain) if at else format_html("{}", domain)


@register.simple_tag
def state_pill(state: object, noun: str = "", locked: object = False) -> SafeString:
    """`{% state_pill mailbox.state noun="mailbox" locked=mailbox.account_locked %}`: the state's word, its plain meaning
    as title."""
    return _pill(words.object_word(state, noun, locked=bool(locked)))


@register.simple_tag
def action_pill(state: object) -> SafeString:
    """`{% action_pill action.state %}`: moves while the action is open, and only then."""
    return _pill(words.action_word(state))


@register.simple_tag
def batch_pill(state: object) -> SafeString:
    """`{% batch_pill batch.state %}`."""
    return _pill(words.batch_word(state))


@register.simple_tag
def locked_pill(again: object = False) -> SafeString:
    """`{% locked_pill %}`: beside the state pill of an object that SYNAQ has locked; `again`: since it was unlocked."""
    return _pill(words.LOCKED_AGAIN if again else words.LOCKED)


@register.simple_tag
def pill(label: object, tone: str = "plain", title: str = "", icon: str = "") -> SafeString:
    """`{% pill "3 failed" tone="bad" %}`: any other short fact."""
    return _pill(words.Word(str(label), title, tone, icon))


@register.filter
def countdown(moment: datetime) -> str:
    """`{{ scheduled.due_at|countdown }}`: in 29 days, tomorrow, today."""
    return times.countdown(moment)


@register.filter
def noun(kind: str) -> str:
    """`{{ step.kind|noun }}`: what a thing of that kind is called in a sentence."""
    return words.noun(kind)


@register.filter
def counted(number: int, noun: str) -> str:
    """`{{ rows|length|counted:"mailbox" }}`: 1 mailbox, 1,200 mailboxes."""
    return words.counted(number, noun)


@register.filter
def state_meaning(state: object, noun: str = "") -> str:
    """`{{ mailbox.state|state_meaning:"mailbox" }}`: the plain sentence by itself."""
    return words.object_word(state, noun).meaning


@register.filter
def action_meaning(state: object) -> str:
    """`{{ action.state|action_meaning }}`: the plain sentence by itself."""
    return words.action_word(state).meaning


@register.simple_tag
def when(moment: datetime | None, style: str = "short") -> SafeString:
    """`{% when action.created %}`: a <time>; `style` is short, exact, full or age. Nothing known is a dash."""
    if not moment:
        return mark_safe('<span class="text-secondary">–</span>')
    local = timezone.localtime(moment)
    text = {"full": times.full, "age": times.age, "exact": times.exact}.get(style, times.short)(local)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), times.full(local), text
    )


@register.inclusion_tag("components/as_at.html", takes_context=True)
def as_at(context: Context, moment: datetime | None, refresh_url: str = "") -> dict[str, Any]:
    """`{% as_at page.as_at refresh_url=url %}`: how old what is shown is, and the button to read it anew."""
    return {"moment": moment, "refresh_url": refresh_url, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/guid.html")
def guid(value: object, label: str = "GUID") -> dict[str, Any]:
    """`{% guid mailbox.guid label="Mailbox GUID" %}`: in full, with a button that copies it."""
    return {"value": value, "label": label}


@register.simple_tag
def message_tone(level_tag: str) -> str:
    """The tone of one of Django's messages."""
    return _MESSAGE_TONES.get(level_tag, "busy")


@register.simple_block_tag(takes_context=True)
def card(context: Context, content: str, title: str = "", **options: Any) -> SafeString:
    """`{% card "Packages" icon="package" %}…{% endcard %}`. See components/card.html for the options."""
    return _wrap("components/card.html", context, content, title=title, **options)


@register.simple_block_tag
def menu(content: str, label: str, id: str, text: str = "", css: str = "") -> SafeString:
    """`{% menu "Actions for a@b.c" id="m-7" %}{% menu_items row.buttons %}{% endmenu %}`: a button that opens a list.

    A native popover, so that it works without scripts and is never cut off by a table. `label` is what the button says to
    assistive technology, and shows where there is no `text`, as an icon only; `id` is unique on the page. Made without a
    template, as are its items: a list has fifty of them.
    """
    shown = format_html("{}{}", text, icon("chevron-down", "icon-after")) if text else icon("dots-vertical")
    said = "" if text else format_html(' aria-label="{0}" title="{0}"', label)
    return format_html(
        '<button class="btn{}{}" id="{}-button" type="button" popovertarget="{}"{}>{}</button>'
        '<div class="menu-popover" id="{}" popover>{}</div>',
        "" if text else " btn-icon btn-ghost",
        f" {css}" if css else "",
        id,
        id,
        said,
        shown,
        id,
        content,
    )


@register.simple_tag
def menu_items(items: Iterable[Mapping[str, Any]]) -> SafeString:
    """`{% menu_items row.buttons %}`: what can be asked for. Of each item: label, url, icon; `bad`: it is dangerous;
    `at_once`: done at the click, by the page's form "ask", where else its own page opens; `why_not`: not now."""
    return mark_safe("".join(map(_menu_item, items)))  # noqa: S308  (each is made by format_html)


def _menu_item(item: Mapping[str, Any]) -> str:
    said = (icon(item["icon"]), item["label"])
    if why_not := item.get("why_not"):
        words = '<span class="dropdown-item disabled">{}{}<small>{}</small></span>'
        return format_html(words, *said, why_not)
    if item.get("at_once"):
        words = '<button class="dropdown-item" type="submit" form="ask" formaction="{}">{}{}</button>'
        return format_html(words, item["url"], *said)
    bad = " text-bad" if item.get("bad") else ""
    return format_html('<a class="dropdown-item{}" href="{}">{}{}…</a>', bad, item["url"], *said)


@register.simple_block_tag(takes_context=True)
def page_header(context: Context, content: str, title: object, **options: Any) -> SafeString:
    """`{% page_header mailbox.email state=mailbox.state %}buttons{% endpage_header %}`; holds the one h1."""
    return _wrap("components/page_header.html", context, content, title=title, **options)


@register.simple_block_tag(takes_context=True)
def alert(context: Context, content: str, title: str = "", tone: str = "busy", **options: Any) -> SafeString:
    """`{% alert "Locked by SYNAQ" tone="bad" %}…{% endalert %}`. See components/alert.html."""
    return _wrap("components/alert.html", context, content, title=title, tone=tone, **options)


def _wrap(name: str, context: Context, content: str, **options: Any) -> SafeString:
    values: Mapping[str, Any] = {**options, "content": content, "csrf_token": context.get("csrf_token")}
    return render_to_string(name, dict(values))


def _pill(word: words.Word) -> SafeString:
    return format_html(
        '<span class="pill pill-{}{}" title="{}">{}{}</span>',
        word.tone,
        " pill-open" if word.open else "",
        word.meaning,
        icon(word.icon) if word.icon else mark_safe('<span class="pill-dot"></span>'),
        word.label,
    )
