"""The verbs of the shop."""

from ..queries import Discount, NoSuchOffer, NoSuchPlan
from ..rules import BadOffer, BadPlan, BadPrice, Opening
from .offers import (
    OfferTaken,
    close_offer,
    give_back_offer,
    open_offer,
    set_region,
    take_offer,
)
from .plans import open_plan, open_shop, price, retire

__all__ = [
    "BadOffer",
    "BadPlan",
    "BadPrice",
    "Discount",
    "NoSuchOffer",
    "NoSuchPlan",
    "OfferTaken",
    "Opening",
    "close_offer",
    "give_back_offer",
    "open_offer",
    "open_plan",
    "open_shop",
    "price",
    "retire",
    "set_region",
    "take_offer",
]
