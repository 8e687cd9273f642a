"""Health for whoever runs the service: does it live, is it ready, and ten numbers to watch.

The numbers are about the machinery and name nobody. They are told to this machine only, or to whoever
holds the token that THROUGHGATE_METRICS_TOKEN sets.
"""

from __future__ import annotations

import hmac

from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from throughgate.base import env, scope
from throughgate.base.audit import seal
from throughgate.base.outbox.models import Message
from throughgate.base.scope import Audience, Context

LOOPBACK = {"127.0.0.1", "::1"}


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can reach its database."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "why": "the database does not answer"}, status=503)
    return JsonResponse({"ok": True})


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges in the text format that monitoring systems read."""
    if not _may_watch(request):
        return HttpResponse("Not from here.", status=403, content_type="text/plain")
    lines = [f"throughgate_{name} {value}" for name, value in _gauges().items()]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _may_watch(request: HttpRequest) -> bool:
    token = env.text("THROUGHGATE_METRICS_TOKEN")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return hmac.compare_digest(given, token)
    return request.META.get("REMOTE_ADDR") in LOOPBACK


def _gauges() -> dict[str, float]:
    with (
        scope.enter(Context(audience=Audience.QUEUE, purpose="metrics"), readonly=True),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),"
            " count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
        )
        todo, doing, failed = cursor.fetchone()
        cursor.execute(
            "SELECT count(*), coalesce(extract(epoch FROM now() - max(last_heartbeat)), -1)"
            " FROM procrastinate_workers"
        )
        workers, silent = cursor.fetchone()
    with scope.system("metrics", readonly=True):
        waiting = Message.objects.filter(status=Message.Status.WAITING).count()
        stuck = Message.objects.filter(status=Message.Status.FAILED).count()
    unsealed = seal.waiting()
    return {
        "jobs_waiting": todo,
        "jobs_running": doing,
        "jobs_failed": failed,
        "workers": workers,
        "worker_silent_seconds": round(float(silent), 1),
        "messages_waiting": waiting,
        "messages_failed": stuck,
        "audit_rows_unsealed": unsealed.rows,
        "audit_seal_behind_seconds": round(unsealed.seconds, 1),
        "up": 1,
    }
