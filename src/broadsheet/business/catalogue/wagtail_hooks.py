"""The desk's "Plans": a list, a form for a plan, a form for a price. Thin."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from broadsheet.kit.calendar import BadTerm, Term
from broadsheet.kit.money import Money, UnreadableMoney, parse
from broadsheet.plumbing import publication

from . import actions, queries
from .rules import FEATURES

UNIT_NAMES = (
    ("day", gettext_lazy("days")),
    ("week", gettext_lazy("weeks")),
    ("month", gettext_lazy("months")),
    ("year", gettext_lazy("years")),
)


class PlanForm(forms.Form):
    code = forms.SlugField(label=gettext_lazy("Code"), max_length=50)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    blurb = forms.CharField(
        label=gettext_lazy("In one line"), max_length=200, required=False
    )
    benefits = forms.CharField(
        label=gettext_lazy("Benefits, one a line"),
        widget=forms.Textarea,
        required=False,
    )
    features = forms.CharField(
        label=gettext_lazy("Opens (separated by spaces)"), initial=" ".join(FEATURES)
    )
    position = forms.IntegerField(
        label=gettext_lazy("Position"), min_value=0, max_value=1000, initial=0
    )


class PriceForm(forms.Form):
    price = forms.CharField(
        label=gettext_lazy("Price for the whole term, tax included")
    )
    count = forms.IntegerField(label=gettext_lazy("Term"), min_value=1, max_value=1000)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"), choices=UNIT_NAMES, initial="month"
    )

    def clean_price(self) -> Money:
        try:
            return parse(self.cleaned_data["price"], publication.current().currency)
        except UnreadableMoney as error:
            raise forms.ValidationError(_("This is not an amount of money.")) from error


@permission_required("catalogue.view_plan")
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "catalogue/desk/plans.html", {"plans": queries.every_plan()})


@permission_required("catalogue.add_plan")
def add(request: HttpRequest) -> HttpResponse:
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            actions.open_plan(
                code=said["code"],
                name=said["name"],
                blurb=said["blurb"],
                benefits=said["benefits"].splitlines(),
                features=said["features"].split(),
                position=said["position"],
                at=publication.now(),
            )
        except actions.BadPlan as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The plan is made. It is on sale once priced."))
            return redirect("catalogue_price", code=said["code"])
    return render(request, "catalogue/desk/form.html", {"form": form, "code": ""})


@permission_required("catalogue.add_planversion")
def price(request: HttpRequest, code: str) -> HttpResponse:
    form = PriceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            actions.price(
                plan_code=code,
                price=said["price"],
                term=Term(said["count"], said["unit"]),
                by=request.user.get_username(),
                at=publication.now(),
            )
        except (actions.BadPrice, actions.NoSuchPlan, BadTerm) as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("The new price is on sale. Subscribers keep the old one.")
            )
            return redirect("catalogue_plans")
    return render(request, "catalogue/desk/form.html", {"form": form, "code": code})


@hooks.register("register_admin_urls")
def urls() -> list[URLPattern]:
    return [
        path("plans/", index, name="catalogue_plans"),
        path("plans/add/", add, name="catalogue_add"),
        path("plans/<slug:code>/price/", price, name="catalogue_price"),
    ]


class PlansItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalogue.view_plan")


@hooks.register("register_admin_menu_item")
def menu_item() -> MenuItem:
    return PlansItem(_("Plans"), reverse("catalogue_plans"), icon_name="tag", order=500)
