"""Jobs of subscriptions. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions


@app.periodic(cron="*/2 * * * *")
@app.task(name="subscriptions.renew", queue="business")
def renew(timestamp: int) -> None:
    """Renew what is due. `timestamp` is the tick's."""
    actions.renew_due(at=publication.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="subscriptions.lapse", queue="business", lock="subscriptions.lapse")
def lapse(timestamp: int) -> None:
    """End what is cancelled and used up, and what was not paid within its grace."""
    actions.lapse_due(at=publication.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="subscriptions.expire", queue="business", lock="subscriptions.expire")
def expire(timestamp: int) -> None:
    """Close the purchases, and drop the changes of plan, that nobody paid for."""
    actions.expire_checkouts(at=publication.now())
    actions.expire_changes(at=publication.now())


@app.periodic(cron="* * * * *")
@app.task(name="subscriptions.credits", queue="business", lock="subscriptions.credits")
def give_back(timestamp: int) -> None:
    """Give back what was paid for nothing."""
    actions.return_credits(at=publication.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="subscriptions.pauses", queue="business", lock="subscriptions.pauses")
def turn_pauses(timestamp: int) -> None:
    """Begin and end the pauses that are to."""
    actions.turn_pauses(at=publication.now())


@app.periodic(cron="35 * * * *")
@app.task(name="subscriptions.remind", queue="business", lock="subscriptions.remind")
def remind(timestamp: int) -> None:
    """Remind readers of a renewal that comes up."""
    actions.remind_due(at=publication.now())


@app.periodic(cron="5 5 * * *")
@app.task(name="subscriptions.cards", queue="business", lock="subscriptions.cards")
def warn_of_cards(timestamp: int) -> None:
    """Tell readers whose card expires soon."""
    actions.warn_of_cards(at=publication.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="subscriptions.prices", queue="business", lock="subscriptions.prices")
def tell_prices(timestamp: int) -> None:
    """Tell who pays more from the next period on."""
    actions.tell_prices(at=publication.now())
