"""Dates and times as people here read them: 14 Feb 2027, 14:00, in 84 days.

Times are shown in the current time zone, which the request sets to the facility's; a filter's argument names
another one (a ``tzinfo`` or a name such as "America/Chicago").
"""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

register = template.Library()


def _local(value: date | datetime, zone: tzinfo | str | None = None) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value, ZoneInfo(zone) if isinstance(zone, str) else zone)
    return value


@register.filter(expects_localtime=False)
def day(value: date | datetime | None, zone: tzinfo | str | None = None) -> str:
    """14 Feb 2027; a dash when there is none."""
    return date_format(_local(value, zone), "j M Y") if value else "—"


@register.filter
def isoday(value: str) -> str:
    """A day that was kept as text, such as 2027-02-14, in the reader's words: for letters."""
    return day(date.fromisoformat(value)) if value else "—"


@register.filter(expects_localtime=False)
def longday(value: date | datetime | None, zone: tzinfo | str | None = None) -> str:
    """Tuesday 24 November 2026."""
    return date_format(_local(value, zone), pgettext("date format", "l j F Y")) if value else "—"


@register.filter(expects_localtime=False)
def weekday(value: date | datetime | None, zone: tzinfo | str | None = None) -> str:
    """Tue 24 Nov."""
    return date_format(_local(value, zone), "D j M") if value else "—"


@register.filter(expects_localtime=False)
def clock(value: datetime | time | None, zone: tzinfo | str | None = None) -> str:
    """14:00."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        return date_format(_local(value, zone), "H:i")
    return time_format(value, "H:i")


@register.filter(expects_localtime=False)
def moment(value: datetime | None, zone: tzinfo | str | None = None) -> str:
    """14 Feb 2027, 14:00."""
    return date_format(_local(value, zone), "j M Y, H:i") if value else "—"


@register.filter
def hours(minutes: int | float | Decimal | None) -> str:
    """Minutes as 1 h 30 min."""
    if minutes is None:
        return "—"
    whole, rest = divmod(round(minutes), 60)
    if not whole:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return _("%(hours)d h") % {"hours": whole}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole, "minutes": rest}


def distance(value: date, today: date) -> str:
    """How far a day is from today, in words: in 84 days, today, 3 days ago."""
    days = (value - today).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    if days == -1:
        return _("yesterday")
    if days > 0:
        return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
    return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}


@register.filter
def away(value: date | datetime | None, today: date | None = None) -> str:
    """How far from the facility's local date: ``{{ release|away:today }}``."""
    if value is None:
        return ""
    local = _local(value)
    only = local.date() if isinstance(local, datetime) else local
    return distance(only, today or timezone.localdate())


@register.simple_tag
def due(value: date | None, today: date | None = None) -> SafeString:
    """A date by which something is due; one that has passed says by how much, in words that survive print."""
    if value is None:
        return format_html("—")
    now = today or timezone.localdate()
    if value >= now:
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), day(value))
    days = (now - value).days
    late = ngettext("%(days)d day late", "%(days)d days late", days) % {"days": days}
    return format_html(
        '<time datetime="{}">{}</time> <span class="under late-text">{}</span>',
        value.isoformat(),
        day(value),
        late,
    )
