"""The tables about crawlers: the desk's rules, operators' lists, and who came."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from broadsheet.gate.core import known
from broadsheet.gate.core.vocabulary import Action, Kind, Proof, Verdict

KINDS = [
    (Kind.SEARCH.value, _("Search")),
    (Kind.AI_SEARCH.value, _("AI search")),
    (Kind.TRAINING.value, _("Training of models")),
    (Kind.AGENT.value, _("Agents that a person sends")),
    (Kind.ARCHIVE.value, _("Archives of the web")),
    (Kind.PREVIEW.value, _("Previews of links")),
    (Kind.UNKNOWN.value, _("Unknown machines")),
]
ACTIONS = [
    (Action.FULL.value, _("Show every story whole, if it proves who it is")),
    (Action.CUT.value, _("Show what a stranger sees")),
    (Action.LICENCE.value, _("Ask for a licence (402), with the price")),
    (Action.REFUSE.value, _("Refuse (403)")),
]


PROOFS = [
    (Proof.ADDRESS.value, _("published address")),
    (Proof.DNS.value, _("name and address in DNS")),
    (Proof.SIGNATURE.value, _("signature")),
    (Proof.NONE.value, _("none, it only says so")),
]
VERDICTS = [
    (Verdict.FULL.value, _("whole story")),
    (Verdict.CUT.value, _("cut")),
    (Verdict.WALL.value, _("wall")),
    (Verdict.LICENCE.value, _("licence asked for")),
    (Verdict.REFUSE.value, _("refused")),
]


class CrawlerRule(models.Model):
    """What a kind of crawler gets; with a name, only that crawler."""

    kind = models.CharField(_("kind"), max_length=16, choices=KINDS)
    name = models.CharField(
        _("only the crawler"),
        max_length=60,
        blank=True,
        choices=[(one.name, one.name) for one in known.KNOWN],
        help_text=_("Leave this empty for a rule for the whole kind."),
    )
    action = models.CharField(_("what it gets"), max_length=16, choices=ACTIONS)
    price = models.DecimalField(
        _("price of one story"), max_digits=10, decimal_places=4, null=True, blank=True
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three letters, such as USD."))],
    )

    class Meta:
        verbose_name = _("crawler rule")
        verbose_name_plural = _("crawler rules")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"],
                name="a_crawler_has_one_rule",
                violation_error_message=_("There is a rule for this one already."),
            ),
            models.CheckConstraint(
                condition=models.Q(action="licence", price__gt=0)
                & ~models.Q(currency="")
                | ~models.Q(action="licence") & models.Q(price=None, currency=""),
                name="a_licence_has_a_price_and_nothing_else_has",
                violation_error_message=_(
                    "A licence needs a price above nothing and its currency; what is "
                    "not a licence has neither."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.get_kind_display()}: {self.get_action_display()}"

    def clean(self) -> None:
        super().clean()
        crawler = known.BY_NAME.get(self.name)
        if crawler is not None and crawler.kind.value != self.kind:
            said = dict(KINDS)[crawler.kind.value]
            raise ValidationError(
                {
                    "kind": _now("%(name)s is of the kind “%(kind)s”.")
                    % {"name": self.name, "kind": said}
                }
            )


class CrawlerDocument(models.Model):
    """A list that an operator publishes: addresses, or an agent's public keys."""

    what = models.CharField(max_length=8)
    name = models.CharField(max_length=120)
    document = models.TextField()
    filed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["what", "name"], name="a_list_is_kept_in_its_newest_form"
            )
        ]


class CrawlerVisit(models.Model):
    """A machine has asked for a story. Nothing of a person is in it."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=120)
    proof = models.CharField(max_length=16)
    story_id = models.BigIntegerField()
    verdict = models.CharField(max_length=16)
    at = models.DateTimeField(db_index=True)
