"""The words of the books: titles, names, places and ratings, and how often each is drawn."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

# fmt: off
# One row for each taste: what the titles of its books are made of.
TASTES: Final[tuple[tuple[str, ...], ...]] = (
    ("Murder", "Alibi", "Witness", "Verdict", "Poison", "Confession"),
    ("Heart", "Promise", "Wedding", "Secret", "Summer", "Kiss"),
    ("Star", "Orbit", "Machine", "Colony", "Signal", "Paradox"),
    ("Dragon", "Crown", "Sword", "Witch", "Prophecy", "Raven"),
    ("Empire", "Revolution", "Siege", "Letters", "Republic", "Harvest"),
    ("Garden", "Kitchen", "Bread", "Orchard", "Table", "Season"),
    ("Soul", "Mind", "Habit", "Silence", "Courage", "Wisdom"),
    ("Ghost", "Shadow", "Cellar", "Night", "Bone", "Mirror"),
    ("Rabbit", "Treehouse", "Puppy", "Circus", "Island", "Pirate"),
    ("Market", "Leader", "Profit", "Strategy", "Decision", "Code"),
    ("River", "Mountain", "Desert", "Voyage", "Ocean", "Road"),
    ("Été", "Größe", "Corazón", "Käfer", "Città", "Førde"),
)
SCENES: Final = (
    "Winter", "Glass", "the North", "Fire", "Dust", "the Lake", "Paris", "Honey", "Salt",
    "a Stranger", "Yesterday", "the Moon",
)
FORMS: Final = (
    "The {0}", "The {0} of {1}", "{0} and {1}", "A {0} in {1}", "{0} &amp; {1}", "Last {0}, {1}",
    'The "{0}" of {1}', "{0}; or, {1}", "{0}: A Novel", "The {0} (Book {2})",
    "{0} of {1} : Stories", "{0}'s {1}",
)
FIRST: Final = (
    "Anna", "Bruno", "Clara", "David", "Edith", "Frank", "Grace", "Henry", "Iris", "James",
    "Karin", "Louis", "Maria", "Nils", "Olga", "Peter", "Quentin", "Rosa", "Simon", "Teresa",
    "Ursula", "Victor", "Wanda", "Xavier", "Yvonne", "Zoë", "José", "Åsa", "Jürgen", "Françoise",
)
INITIALS: Final = ("", "", "", "A. ", "B. ", "C. ", "E. ", "J. ", "K. ", "M. ", "R. ", "T. ")
LAST: Final = (
    "Abbott", "Barlow", "Carver", "Dunmore", "Eastman", "Fairley", "Gardner", "Holloway", "Ibsen",
    "Jarvis", "Keller", "Lindqvist", "Marlow", "Norwood", "O'Brien", "Prescott", "Quigley",
    "Ravenscroft", "Sandoval", "Thornton", "Underhill", "Vasquez", "Whitlock", "Yarrow", "Zeller",
    "Müller", "García", "Sørensen", "de la Croix", "van Dijk", "McAllister", "St. James",
)
HOUSES: Final = (
    "Harbor", "Lantern", "Old Oak", "Bluebird", "Meridian", "Foxglove", "Northgate", "Silverline",
    "Crescent", "Paper Boat", "Édition du Lac", "Kranich", "Red Door", "Sparrow", "Halfmoon",
)
KINDS_OF_HOUSE: Final = (
    "Press", "Books", "&amp; Sons", "Publishing", "House", "Paperbacks", "Verlag",
)
# City, region, country; a place that is written twice is drawn twice as often.
HOMES: Final = (
    "new york, new york, usa", "new york, new york, usa", "chicago, illinois, usa",
    "chicago, illinois, usa", "seattle, washington, usa", "seattle, washington, usa",
    "portland, oregon, usa", "portland, maine, usa", "houston, texas, usa", "austin, texas, usa",
    "los angeles, california, usa", "san francisco, california, usa", "san diego, california, usa",
    "boston, massachusetts, usa", "denver, colorado, usa", "st. louis, missouri, usa",
    "toronto, ontario, canada", "toronto, ontario, canada", "ottawa, ontario, canada",
    "vancouver, british columbia, canada", "montreal, quebec, canada",
    "london, england, united kingdom", "london, england, united kingdom",
    "manchester, england, united kingdom", "edinburgh, scotland, united kingdom",
    "berlin, berlin, germany", "hamburg, hamburg, germany", "münchen, bayern, germany",
    "wien, wien, austria", "zürich, zürich, switzerland", "madrid, madrid, spain",
    "barcelona, barcelona, spain", "lisboa, lisboa, portugal", "milano, lombardia, italy",
    "sydney, new south wales, australia", "melbourne, victoria, australia",
    "auckland, auckland, new zealand", "kuala lumpur, kuala lumpur, malaysia",
)
# A place as the same people write it otherwise: the pattern is filled with city, region, country.
SPELLINGS_OF_A_HOME: Final = (
    "{0}, , {2}", "{0}, {1},", "{0}, n/a, {2}", "{0}, {2}", "{0}, old town, {1}, {2}", ", {1}, {2}",
    "{0}, the old, town, {1}, {2}", '{0}, {1}, "{2}"', "{0}, {1}, n/a", ", ,",
    " {0} ,  {1} , {2}",
)
SPELLINGS_OF_A_COUNTRY: Final = (
    ("usa", "united states"), ("usa", "u.s.a."), ("united kingdom", "uk"), ("usa", "us"),
    ("germany", "deutschland"), ("united kingdom", "u.k."), ("spain", "españa"),
)
# How often 1 to 10 were given: the counts as published for Ratings.csv.
MARKS: Final = np.cumsum(
    [1770, 2759, 5996, 8904, 50974, 36924, 76457, 103736, 67541, 78610], dtype=np.int64
)
NOT_AN_ISBN: Final = pa.array(["N/A", "0", "book", "#############", "0553571109 0553571117", "  "])
ODD_YEARS: Final = pa.array(["0", "0", "0", "0", "0", "0", "0", "0", "2050", "2030", "1376"])
# fmt: on
