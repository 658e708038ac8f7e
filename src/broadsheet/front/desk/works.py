"""Behind the paper: the imports that brought stories in, the deliveries that failed."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from broadsheet.news.archive import queries as archive
from broadsheet.plumbing import outbox

MAY_SEE_IMPORTS = "archive.view_importrun"
MAY_SEE_DELIVERIES = "plumbing.view_delivery"
FAILED_SHOWN = 200
NOTES_A_PAGE = 100


@require_safe
@permission_required(MAY_SEE_IMPORTS)
def imports(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/works/imports.html", {"runs": archive.run_lines()})


@require_safe
@permission_required(MAY_SEE_IMPORTS)
def import_report(request: HttpRequest, run_id: int) -> HttpResponse:
    run = archive.run(run_id)
    if run is None:
        raise Http404("No such import.")
    notes = Paginator(run.report.get("notes", []), NOTES_A_PAGE)
    context = {"run": run, "notes": notes.get_page(request.GET.get("page"))}
    return render(request, "desk/works/import.html", context)


@require_safe
@permission_required(MAY_SEE_DELIVERIES)
def deliveries(request: HttpRequest) -> HttpResponse:
    context = {
        "backlog": outbox.backlog(),
        "failed": outbox.failed(FAILED_SHOWN),
        "shown": FAILED_SHOWN,
    }
    return render(request, "desk/works/deliveries.html", context)
