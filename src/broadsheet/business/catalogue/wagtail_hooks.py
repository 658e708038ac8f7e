"""The desk's "Plans" and "Offers": lists, and a form for each thing. Thin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from broadsheet.kit.calendar import BadTerm, Term
from broadsheet.kit.money import Money, UnknownCurrency, UnreadableMoney, parse
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
    currency = forms.CharField(
        label=gettext_lazy("Currency"), min_length=3, max_length=3, required=False
    )
    count = forms.IntegerField(label=gettext_lazy("Term"), min_value=1, max_value=1000)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"), choices=UNIT_NAMES, initial="month"
    )
    intro = forms.CharField(
        label=gettext_lazy("Price of the first periods, if lower"), required=False
    )
    intro_periods = forms.IntegerField(
        label=gettext_lazy("How many first periods"), min_value=0, required=False
    )
    trial_days = forms.IntegerField(
        label=gettext_lazy("Days of trial"), min_value=0, required=False
    )
    for_existing_from = forms.DateTimeField(
        label=gettext_lazy("Existing subscribers pay it from"),
        help_text=gettext_lazy(
            "Empty: they keep their price. Each is told before, as the policy says."
        ),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        currency = said.get("currency") or publication.current().currency
        said["price"] = self._money(said, "price", currency.upper())
        said["intro"] = self._money(said, "intro", currency.upper())
        return said

    def _money(self, said: dict[str, Any], name: str, currency: str) -> Money | None:
        if not said.get(name):
            return None
        try:
            return parse(said[name], currency)
        except (UnreadableMoney, UnknownCurrency):
            self.add_error(name, _("This is not an amount of money."))
            return None


class OfferForm(forms.Form):
    code = forms.CharField(label=gettext_lazy("Code"), max_length=30)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    percent = forms.IntegerField(
        label=gettext_lazy("Percent off"), min_value=1, max_value=100, required=False
    )
    amount = forms.CharField(label=gettext_lazy("Or amount off"), required=False)
    periods = forms.IntegerField(
        label=gettext_lazy("For how many periods (empty: for ever)"),
        min_value=1,
        required=False,
        initial=1,
    )
    plans = forms.CharField(
        label=gettext_lazy("Codes of plans, separated by spaces (empty: all)"),
        required=False,
    )
    most = forms.IntegerField(
        label=gettext_lazy("How often it may be taken (empty: any)"),
        min_value=1,
        required=False,
    )
    ends_at = forms.DateTimeField(label=gettext_lazy("Until"), required=False)

    def clean_amount(self) -> Money | None:
        text = self.cleaned_data["amount"]
        try:
            return parse(text, publication.current().currency) if text else None
        except UnreadableMoney as error:
            raise forms.ValidationError(_("This is not an amount of money.")) from error


class RegionForm(forms.Form):
    country = forms.CharField(
        label=gettext_lazy("Country (two letters)"), min_length=2, max_length=2
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency (three letters)"), min_length=3, max_length=3
    )


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
                for_existing_from=said["for_existing_from"],
                opening=actions.Opening(
                    said["intro"],
                    said["intro_periods"] or 0,
                    said["trial_days"] or 0,
                ),
                by=request.user.get_username(),
                at=publication.now(),
            )
        except (actions.BadPrice, actions.NoSuchPlan, BadTerm) as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                _("The new price is on sale.")
                if said["for_existing_from"]
                else _("The new price is on sale. Subscribers keep the old one."),
            )
            return redirect("catalogue_plans")
    return render(request, "catalogue/desk/form.html", {"form": form, "code": code})


@permission_required("catalogue.view_offer")
def offers(request: HttpRequest) -> HttpResponse:
    found = {"offers": queries.every_offer(), "now": publication.now()}
    return render(request, "catalogue/desk/offers.html", found)


@permission_required("catalogue.add_offer")
def add_offer(request: HttpRequest) -> HttpResponse:
    form = OfferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        offer = actions.Discount(
            said["code"], said["name"], said["percent"], said["amount"], said["periods"]
        )
        try:
            actions.open_offer(
                offer,
                plan_codes=said["plans"].split(),
                most=said["most"],
                ends_at=said["ends_at"],
                by=request.user.get_username(),
                at=publication.now(),
            )
        except (actions.BadOffer, actions.NoSuchPlan) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The offer is made."))
            return redirect("catalogue_offers")
    said_to = {"form": form, "title": _("Add an offer"), "back": "catalogue_offers"}
    return render(request, "catalogue/desk/form.html", said_to)


@permission_required("catalogue.change_offer")
@require_POST
def close_offer(request: HttpRequest, code: str) -> HttpResponse:
    try:
        actions.close_offer(code=code, at=publication.now())
    except actions.NoSuchOffer as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The offer is closed. Who has it keeps it."))
    return redirect("catalogue_offers")


@permission_required("catalogue.add_region")
def region(request: HttpRequest) -> HttpResponse:
    form = RegionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            actions.set_region(
                country=said["country"].upper(), currency=said["currency"].upper()
            )
        except (actions.BadOffer, UnknownCurrency) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The country is asked in that currency."))
            return redirect("catalogue_plans")
    said_to = {"form": form, "title": _("Currency of a country")}
    return render(request, "catalogue/desk/form.html", said_to)


@hooks.register("register_admin_urls")
def urls() -> list[URLPattern]:
    return [
        path("plans/", index, name="catalogue_plans"),
        path("plans/add/", add, name="catalogue_add"),
        path("plans/<slug:code>/price/", price, name="catalogue_price"),
        path("plans/region/", region, name="catalogue_region"),
        path("offers/", offers, name="catalogue_offers"),
        path("offers/add/", add_offer, name="catalogue_add_offer"),
        path("offers/<slug:code>/close/", close_offer, name="catalogue_close_offer"),
    ]


class PlansItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalogue.view_plan")


@hooks.register("register_admin_menu_item")
def menu_item() -> MenuItem:
    return PlansItem(_("Plans"), reverse("catalogue_plans"), icon_name="tag", order=500)


class OffersItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalogue.view_offer")


@hooks.register("register_admin_menu_item")
def offers_item() -> MenuItem:
    return OffersItem(
        _("Offers"), reverse("catalogue_offers"), icon_name="tag", order=510
    )
