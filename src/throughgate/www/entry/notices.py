"""How I get notices: where, in which language, how often, when not, and which ones not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from throughgate.access.actor import Actor
from throughgate.access.queries import notice_keys
from throughgate.base.names import fold
from throughgate.base.outbox.actions import texts_go_out
from throughgate.base.outbox.models import Message, Preference
from throughgate.base.outbox.preferences import Choice, choose, house
from throughgate.base.scope import Audience
from throughgate.base.ui import TimeInput
from throughgate.www.doors import actor_of, page

AUDIENCES = (
    Audience.STAFF,
    Audience.PARTNER,
    Audience.VISITOR,
    Audience.PARTICIPANT,
    Audience.EMPLOYER,
    Audience.AUDITOR,
)
LAYOUTS = {
    Audience.STAFF: "layouts/staff.html",
    Audience.PARTNER: "layouts/partner.html",
    Audience.VISITOR: "layouts/visitor.html",
    Audience.PARTICIPANT: "layouts/participant.html",
}
MINE, ORGANIZATION = "mine", "organization"


class NoticesForm(forms.Form):
    """What a person chooses."""

    rhythm = forms.ChoiceField(
        label=_("How often"),
        choices=Preference.Rhythm.choices,
        required=False,
        help_text=_("What cannot wait, such as a session cancelled today, always comes at once."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("en", _("English")), ("es", _("Spanish"))])
    channel = forms.ChoiceField(label=_("How"), choices=Message.Channel.choices)
    phone = forms.CharField(label=_("Mobile phone, for text messages"), max_length=40, required=False)
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        required=False,
        help_text=_("Such as America/Chicago. Quiet hours follow its clock."),
    )
    quiet_from = forms.TimeField(label=_("Quiet from"), widget=TimeInput(), required=False)
    quiet_until = forms.TimeField(label=_("Quiet until"), widget=TimeInput(), required=False)
    off = forms.MultipleChoiceField(
        label=_("Leave these out"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = (get_language() or "en").split("-", maxsplit=1)[0]
        off = self.fields["off"]
        assert isinstance(off, forms.MultipleChoiceField)
        off.choices = [
            (each.code, each.label.get(language) or each.label["en"])
            for each in house().topics.values()
            if each.may_be_off
        ]
        if not texts_go_out():
            del self.fields["channel"], self.fields["phone"]

    def clean_zone(self) -> str:
        """A time zone that exists, by its name; capitals do not matter."""
        typed = str(self.cleaned_data["zone"]).strip()
        known = {fold(name): name for name in available_timezones()}
        if typed and fold(typed) not in known:
            raise forms.ValidationError(_("There is no such time zone. Write one such as America/Chicago."))
        return known.get(fold(typed), "")

    def clean(self) -> dict[str, Any]:
        """A night has a begin and an end, and a clock; text messages have a phone."""
        data = super().clean() or {}
        begins, ends = data.get("quiet_from"), data.get("quiet_until")
        if (begins is None) != (ends is None):
            self.add_error(
                "quiet_until" if ends is None else "quiet_from", _("Say when the quiet hours begin and end.")
            )
        if begins is not None and "zone" in data and not data["zone"]:
            self.add_error("zone", _("Say in which time zone the quiet hours are."))
        if data.get("channel") == Message.Channel.TEXT and not data.get("phone"):
            self.add_error("phone", _("Give the mobile phone for text messages."))
        return data

    def choice(self) -> Choice:
        """What was chosen, for the verb."""
        data = self.cleaned_data
        quiet: tuple[dt.time, dt.time] | None = None
        if data["quiet_from"] is not None and data["quiet_until"] is not None:
            quiet = (data["quiet_from"], data["quiet_until"])
        return Choice(
            channel=data.get("channel") or Message.Channel.EMAIL,
            phone=data.get("phone", ""),
            language=data["language"],
            zone=data["zone"],
            rhythm=data["rhythm"],
            quiet=quiet,
            off=data["off"],
        )


@page(*AUDIENCES)
def notices(request: HttpRequest) -> HttpResponse:
    """See and choose how notices come; a partner's lead chooses for the organization's own address too."""
    actor = actor_of(request)
    keys = notice_keys()
    whose = ORGANIZATION if "organization" in request.GET and _organizations(keys) else MINE
    chosen = (
        _organizations(keys) if whose == ORGANIZATION else [k for k in keys if k not in _organizations(keys)]
    )
    row = Preference.objects.filter(person__in=chosen).order_by("-recorded_at", "pk").first()
    form = NoticesForm(request.POST if request.method == "POST" else None, initial=_initial(row, actor))
    if request.method == "POST" and form.is_valid():
        choose(chosen, form.choice())
        messages.success(request, _("Kept. What waits for you follows it from now on."))
        return redirect(request.get_full_path())
    context = {
        "form": form,
        "whose": whose,
        "has_organization": bool(_organizations(keys)),
        "layout": LAYOUTS.get(actor.audience, "layouts/public.html"),
        "digest_at": house().digest_at,
        "door": "",
    }
    return render(request, "entry/notices.html", context)


def _organizations(keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("organization ")]


def _initial(row: Preference | None, actor: Actor) -> dict[str, Any]:
    if row is None:
        return {"language": actor.language, "rhythm": "", "channel": Message.Channel.EMAIL}
    return {
        "rhythm": row.rhythm,
        "language": row.language or actor.language,
        "channel": row.channel,
        "phone": row.phone,
        "zone": row.zone,
        "quiet_from": row.quiet_from,
        "quiet_until": row.quiet_until,
        "off": row.off,
    }
