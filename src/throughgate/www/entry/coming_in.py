"""Choosing a password by a link: the first one after an invitation, or a new one for a forgotten one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.access import inviting
from throughgate.base.errors import Refused
from throughgate.base.links import Closed, Followed, answers
from throughgate.www.entry.follow import closed


class PasswordForm(forms.Form):
    """A password, twice."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        help_text=gettext_lazy(
            "At least 12 characters. Three or four words that do not belong together are good."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@answers(inviting.PURPOSE)
def choose(request: HttpRequest, link: Followed) -> HttpResponse:
    """Ask for a password, then send on to the sign-in page."""
    user = inviting.user_of(link)
    if user is None:
        return closed(request, Closed("withdrawn", link.purpose))
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            inviting.accept(link=link, **form.cleaned_data)
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error(reason.field or None, f"{reason.text} {reason.remedy}".strip())
        else:
            messages.success(request, _("Your password is set. Sign in with it now."))
            return redirect("account_login")
    return render(request, "entry/password.html", {"form": form, "name": user.name, "email": user.email})
