"""Publishing a result and taking it back: a named person's act, through disclosure control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.outcomes import publishing
from throughgate.outcomes.models import Publication, PublicationKind, RunSelection, RunState, StudyRun
from throughgate.policies import queries as policies
from throughgate.policies.house import PublishingRules

if TYPE_CHECKING:
    from throughgate.engines.impact.spec import People

LANGUAGES = ("en", "es")


@transaction.atomic
def publish_run(*, by: Actor, run: StudyRun, words: Mapping[str, Mapping[str, str]]) -> Publication:
    """Put a result before everybody, in words for each language and in protected figures only.

    ``words`` holds title, program, event and compared_with for en and es. Refuses a run that is not done or not
    the newest, one that is public already, missing words, and a selection of people that could be subtracted
    from one already published so that fewer than the threshold remain [T-19].
    """
    by.require(Permission.PUBLISH_RESULTS)
    reasons = list(_unready(run)) + list(_wordless(words))
    if reasons:
        raise Refused(reasons)
    pack = policies.publishing(settings.JURISDICTION, timezone.localdate())
    with scope.as_role(Audience.JOB, purpose="check a publication against those before it"):
        clashing = _clashes(run, pack.data)
    if clashing:
        raise Refused(clashing)
    standing = run.result["provenance"].get("standing") or {}
    content = publishing.content(
        run.result,
        words,
        pack.data,
        standing={
            "registered": standing.get("registered", "")[:10],
            "before_first_run": bool(standing.get("before_first_run")),
            "runs": standing.get("runs", run.number),
        },
    )
    content["rules"] = pack.cite
    return Publication.objects.create(
        kind=PublicationKind.STUDY,
        run=run,
        title=words["en"]["title"].strip()[:200],
        content=content,
        published_by=by.name,
    )


def _unready(run: StudyRun) -> list[Reason]:
    if run.state != RunState.DONE:
        return [Reason("not_done", _("Only a finished run can be published."), _("Wait for its end."))]
    reasons = []
    newer = run.study.runs.filter(state=RunState.DONE, number__gt=run.number).order_by("-number").first()
    if newer is not None:
        reasons.append(
            Reason(
                "not_newest",
                _("The study was run again since."),
                _("Publish its newest run, number %(n)d: choosing among runs would bend the result.")
                % {"n": newer.number},
            )
        )
    if Publication.objects.filter(run__study=run.study, withdrawn_at__isnull=True).exists():
        reasons.append(
            Reason(
                "public",
                _("A result of this study is public already."),
                _("Withdraw it first, with the reason."),
            )
        )
    return reasons


def _wordless(words: Mapping[str, Mapping[str, str]]) -> list[Reason]:
    missing = [
        f"{name} ({language})"
        for language in LANGUAGES
        for name in publishing.WORDS
        if not words.get(language, {}).get(name, "").strip()
    ]
    if not missing:
        return []
    text = _("Words are missing: %(names)s.") % {"names": ", ".join(missing)}
    return [Reason("words", text, _("Everybody reads the page in English or Spanish."))]


def _clashes(run: StudyRun, rules: PublishingRules) -> list[Reason]:
    """Everything once public counts, withdrawn or not: what was read cannot be unread."""
    public = list(
        Publication.objects.filter(kind=PublicationKind.STUDY, run__isnull=False).values_list("run", "title")
    )
    titles = {key: title for key, title in public if key is not None}
    own = list(RunSelection.objects.filter(run=run))
    groups = [publishing.group(each.name, bytes(each.keys)) for each in own]
    spaces = {each.space for each in own}
    reasons = []
    for key, title in titles.items():
        theirs = list(RunSelection.objects.filter(run_id=key))
        comparable = [
            publishing.group(each.name, bytes(each.keys)) for each in theirs if each.space in spaces
        ]
        found = publishing.clashes(groups, comparable, rules.smallest)
        if not comparable and StudyRun.objects.filter(pk=key, study=run.study_id).exists():
            found = _by_count(own, theirs, rules.smallest)
        if found:
            reasons.append(_clash(title, found[0][2]))
    return reasons


def _by_count(
    own: list[RunSelection], theirs: list[RunSelection], smallest: int
) -> list[tuple[str, str, int]]:
    """Where people cannot be told apart across files, a difference of a few in number is one of a few people."""
    before = {each.name: each.people for each in theirs}
    return [
        (each.name, each.name, abs(each.people - before[each.name]))
        for each in own
        if each.name in before and 0 < abs(each.people - before[each.name]) < smallest
    ]


def _clash(title: str, people: int) -> Reason:
    return Reason(
        "differencing",
        _(
            "Beside “%(title)s” this result would single out %(n)d people: one page could be subtracted from the other."
        )
        % {"title": title, "n": people},
        _("Publish the same people again, or wait until many more can be counted."),
    )


@transaction.atomic
def withdraw_result(*, by: Actor, publication: Publication, reason: str) -> Publication:
    """Take a result back, with the reason that everybody may read; that it was public stays on record."""
    by.require(Permission.PUBLISH_RESULTS)
    if not reason.strip():
        raise Refused(
            Reason("reason", _("Say why it is withdrawn."), _("Everybody reads it."), field="reason")
        )
    if publication.withdrawn_at is not None:
        raise Refused(Reason("withdrawn", _("This result is withdrawn already.")))
    publication.withdrawn_at, publication.withdrawn_reason = timezone.now(), reason.strip()[:250]
    publication.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    return publication


def keep_selection(*, run: StudyRun, people: People, space: str) -> list[RunSelection]:
    """Remember who stood behind a run, as keyed fingerprints. For jobs, once for each run."""
    parts = (
        ("everybody", people.person),
        ("took part", people.person[people.treated]),
        ("did not", people.person[~people.treated]),
    )
    made = [
        RunSelection(
            run=run,
            name=name,
            space=space,
            people=len(persons),
            keys=publishing.fingerprints((str(each) for each in persons), space, settings.SECRET_KEY),
        )
        for name, persons in parts
    ]
    return RunSelection.objects.bulk_create(made, ignore_conflicts=True)


def space_of(study_basis: str, plan_facts: Mapping[str, Any], digest: str) -> str:
    """Whose numbers people have in a run: the records here, files with numbers of their own, or one file alone."""
    if study_basis == "live":
        return "live"
    return "file" if "person" in plan_facts.get("roles", {}) else f"file {digest[:40]}"
