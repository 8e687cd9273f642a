"""Publishing a result, seeing beforehand what everybody will read, and taking it back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.permissions import Permission
from throughgate.base.ui import Crumb
from throughgate.outcomes import publishing
from throughgate.outcomes.actions.publications import publish_run, withdraw_result
from throughgate.outcomes.models import Publication, StudyRun
from throughgate.policies import queries as policies
from throughgate.www.doors import actor_of
from throughgate.www.staff.forms.impact import PublishForm, WithdrawForm
from throughgate.www.staff.impact import DOOR, home, the_run
from throughgate.www.staff.shell import attempt, done, edit, found, sent, show, staff


def _url(run: StudyRun) -> str:
    return reverse("staff:report", args=[run.code])


@staff(Permission.PUBLISH_RESULTS)
def study_publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put a result before everybody, after seeing which figures they will read."""
    run = the_run(code)
    result = run.result
    first = {
        "title_en": result["title"],
        "program_en": result["program"],
        "event_en": result["event"],
        "compared_with_en": result["card"].get("compared_with", ""),
    }
    form = PublishForm(sent(request), initial=first)

    def publish(_data: dict[str, Any]) -> None:
        publish_run(by=actor_of(request), run=run, words=form.words())

    if attempt(request, form, publish):
        return done(request, _("The result is public, in your name."), _url(run))
    pack = policies.publishing(settings.JURISDICTION, timezone.localdate())
    figures = publishing.content(result, {}, pack.data, standing={})
    context = {
        "run": run,
        "form": form,
        "figures": figures,
        "pack": pack,
        "cancel_url": _url(run),
        "crumbs": [*home(), Crumb(run.study.title, _url(run)), Crumb(_("Publish"))],
    }
    return show(request, "impact/publish", DOOR, context)


@staff(Permission.PUBLISH_RESULTS)
def study_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Take a public result back, with the reason."""
    public = found(
        Publication.objects.select_related("run__study").filter(withdrawn_at__isnull=True), code=code
    )
    back = _url(public.run) if public.run else reverse("staff:studies")
    form = WithdrawForm(sent(request))
    if attempt(request, form, lambda data: withdraw_result(by=actor_of(request), publication=public, **data)):
        return done(request, _("The result is withdrawn."), back)
    return edit(
        request,
        form,
        door=DOOR,
        title=_("Withdraw this result"),
        lede=_("%(title)s is public now. Its page will say that it was withdrawn, and why.")
        % {"title": public.title},
        button=_("Withdraw it"),
        cancel_url=back,
        danger=True,
        crumbs=home(),
    )
