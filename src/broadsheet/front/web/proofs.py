"""
Proofs for the desk: the page that a reader would get of a story not yet printed.

It goes the way of every page: pressed with its slots, and the slots filled from the
furniture as the policy and the plans stand now, as for somebody without a login.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from broadsheet.gate.core.pages import Furniture, pool_values, split
from broadsheet.gate.core.vocabulary import FREE, Pool
from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import publication

from ..theme.templatetags.body import paragraph_count
from . import pressing
from .language import publication_language

if TYPE_CHECKING:
    from broadsheet.news.newsroom.actions import Proof


def draw(proof: Proof) -> bytes:
    """
    Return one rendering of a story, stored or not. A free story has no cut one: its
    proof is the whole story either way.
    """
    cut = proof.cut and proof.story.access != FREE
    sheet = pressing.Sheet(proof.story, lead_paragraphs=paragraph_count(proof.lead))
    with publication_language():
        html = sheet.render(proof.lead if cut else proof.blocks, cut=cut)
        furniture = Furniture.of(pressing.pieces(publication.now()))
    return split(html).join(_filling(furniture, proof, cut=cut))


def _filling(furniture: Furniture, proof: Proof, *, cut: bool) -> Mapping[str, bytes]:
    """Return what stands in each slot for a stranger: her first story, or her wall."""
    pool = _pool(proof)
    wanted = {"account": "account:anonymous", "ad:top": "ad:top", "ad:mid": "ad:mid"}
    if cut:
        wanted["wall"] = "wall:metered" if pool is not None else "wall:premium"
    elif pool is not None:
        wanted["meter"] = "meter"
    values = _values(proof, pool or gate.policy().shared, cut=cut)
    return {slot: furniture.fill(piece, values) for slot, piece in wanted.items()}


def _pool(proof: Proof) -> Pool | None:
    section = proof.story.section_path.strip("/")
    return gate.policy().pool(section, proof.story.access)


def _values(proof: Proof, pool: Pool, *, cut: bool) -> Mapping[str, bytes]:
    limit = pool.anonymous
    count = limit if cut else min(1, limit)
    return {
        "count": b"%d" % count,
        "limit": b"%d" % limit,
        "remaining": b"%d" % (limit - count),
        "path": proof.story.path.encode(),
        "section": proof.section.encode(),
        **pool_values(pool.label),
    }
