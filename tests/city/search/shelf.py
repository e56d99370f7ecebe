"""An index with kinds to try it on, and short words for what the tests do."""

from city.db import Database
from city.search import PUBLIC, Document, Finder, Found, Index, Kind, Query, Segment, Settings, Sight, engine
from contracts.judgements import Text

LAW = Kind(
    name="law",
    title=Text(id="Peraturan", en="Law"),
    heading=("title",),
    text=("body",),
    facets=("year", "status"),
    needs="jeh.laws.draft",
)
CASE = Kind(
    name="case",
    title=Text(id="Kasus", en="Case"),
    heading=("number", "title"),
    text=("body",),
    facets=("state",),
    needs="tangi.incidents.work",
)
SECRET = Kind(
    name="secret", title=Text(id="Rahasia", en="Secret"), heading=("title",), text=("body",), protected=True
)


class Shelf:
    """One index."""

    def __init__(self, db: Database, settings: Settings | None = None) -> None:
        self.db = db
        self.index = Index(engine(lite=db.lite), settings)
        self.finder = Finder(db, self.index)

    def put(self, *documents: Document, kind: Kind = LAW) -> None:
        for document in documents:
            with self.db.begin() as tx:
                self.index.put(tx, kind, document)

    def law(self, id_: str, title: str, body: str = "", *, changed: int = 0, **facets: str) -> Document:
        return Document(
            id=id_,
            path=f"/hukum/{id_}",
            fields={"title": title, "body": body, **facets},
            public=True,
            changed=changed,
        )

    def laws(self, *titles: str) -> None:
        """Laws 1, 2, 3 … with these titles."""
        self.put(*(self.law(str(number), title) for number, title in enumerate(titles, start=1)))

    def find(self, text: str, *, sight: Sight = PUBLIC, **more: object) -> Found:
        return self.finder.find(Query(text=text, **more), sight=sight)  # type: ignore[arg-type]

    def ids(self, text: str, *, sight: Sight = PUBLIC, **more: object) -> list[str]:
        return [hit.id for hit in self.find(text, sight=sight, **more).hits]


def marked(segments: tuple[Segment, ...]) -> str:
    """Segments as one text with the hits in brackets."""
    return "".join(f"[{one.text}]" if one.hit else one.text for one in segments)
