"""A sample story with every kind of block in it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from .sample import NOW, picture, teaser

_PROSE = (
    "The first ship came in on the morning tide, eleven minutes late, with her hatches "
    "open and nobody on the quay to take her lines but two men and a dog.",
    "It had taken two decades, four governments and one Supreme Court bench to bring "
    "her here. The port at <b>Vadhavan</b>, 130 kilometres north of Mumbai, is drawn "
    "for ships that no Indian harbour can now berth: 24,000 boxes, sixteen metres "
    "under the keel. It will cost ₹76,220 crore, about $9.1 billion.",
    "“We were told that the sea would not allow it,” said Sunanda Patil, who chairs "
    "the fishing cooperative at Dahanu. “The sea allows everything. It is people who "
    "do not.”",
    "Her cooperative went to court in 2016, and again in 2021. Its members now work "
    "the dredgers for more than they earned from pomfret, and none of those who spoke "
    "to this paper would say that it is enough.",
    "What is beyond dispute is the arithmetic. Of every hundred containers that leave "
    "India for Europe, some twenty-five change ships at <em>Colombo</em>, Singapore or "
    "Jebel Ali, and each change costs between $80 and $100.",
    "The shipping ministry thinks that Vadhavan can bring back two thirds of them by "
    "2035. The lines are less sure, and have asked for rail before they ask for cranes.",
    "Rail is coming, slowly. The dedicated freight corridor ends forty kilometres from "
    "the quay; the last of the land for the link was bought in June.",
    "On Monday none of that could be seen from the breakwater. There was a ship, a "
    "horn, and a long white line where the water had been opened.",
)


def block(kind: str, **data: Any) -> Any:
    return SimpleNamespace(kind=kind, data=data)


def blocks() -> tuple[Any, ...]:
    """Return a body of eight paragraphs, with each of the other kinds among them."""
    text = [block("paragraph", html=f"<p>{html}</p>") for html in _PROSE]
    rows = [
        ["Port", "Draught, m", "Boxes a year, million", "First ship"],
        ["Vadhavan", "20.0", "23.2", "2026"],
        ["Nhava Sheva", "15.0", "7.1", "1989"],
        ["Vizhinjam", "18.0", "1.0", "2024"],
    ]
    photo = picture(
        "dunes", "Sand barges at low water", "Sand for the quay", "Photograph: S. Rane"
    )
    second = picture(
        "monsoon", "Hills behind the port", "The land side", "Photograph: S. Rane"
    )
    quay = picture("harbour", "The new quay", "The quay in July", "Photograph: S. Rane")
    return (
        *text[:3],
        block("image", picture=photo),
        text[3],
        block("heading", text="The arithmetic of a second harbour", level=2),
        *text[4:6],
        block("table", rows=rows, header=True, caption="Deep harbours compared"),
        block(
            "quote",
            html="<p>The sea allows everything. It is people who do not.</p>",
            attribution="Sunanda Patil, Dahanu fishing cooperative",
        ),
        text[6],
        block("gallery", pictures=[quay, second]),
        block(
            "list",
            html="<ul><li>Phase one: four berths, 2026</li>"
            "<li>Phase two: five more, by 2031</li><li>Rail link: 2028</li></ul>",
        ),
        block(
            "embed",
            url="https://video.example/watch/vadhavan",
            provider="video.example",
            title="Watch: the first ship comes in",
        ),
        block("related", teasers=[teaser(10), teaser(5)]),
        text[7],
        block("html", html="<p>With reporting by Ramesh Jadhav in Palghar.</p>"),
    )


def lead() -> tuple[Any, ...]:
    """Return what a reader without the right sees: two paragraphs."""
    return blocks()[:2]


def page(access: str = "metered") -> Any:
    return SimpleNamespace(
        story_id=1000,
        revision=3,
        path="/economy/a-port-that-waited-1000/",
        headline="A port that waited twenty years opens to its first ship",
        standfirst="Vadhavan was drawn, fought over and drawn again. On Monday a "
        "dredger’s horn said that the argument was over.",
        section_name="Economy",
        section_path="/economy/",
        bylines=(
            SimpleNamespace(name="Meera Kulkarni", path="/authors/meera-kulkarni/"),
            SimpleNamespace(name="Arvind Rao", path="/authors/arvind-rao/"),
        ),
        agency="Reuters",
        dateline="Vadhavan",
        published_at=NOW - timedelta(hours=5),
        updated_at=NOW - timedelta(minutes=42),
        is_updated=True,
        access=access,
        picture=picture(
            "harbour",
            "Tower blocks beside a harbour at sunrise",
            "The harbour on Monday morning, an hour before the first ship.",
            "Photograph: Sanjay Rane",
        ),
        tags=(("Ports", "/topics/ports/"), ("Maharashtra", "/topics/maharashtra/")),
        word_count=640,
        reading_minutes=4,
        corrections=(
            SimpleNamespace(
                at=NOW,
                text="An earlier version gave the draught as 18 metres. It is 20.",
            ),
        ),
        related=tuple(teaser(i) for i in (10, 1, 6, 4)),
    )
