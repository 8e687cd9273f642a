"""What pages ask about people, already filtered to what the one who asks may see."""

from throughgate.people.queries.cases import CaseFilters, CaseList, CaseRow, Due, case_list
from throughgate.people.queries.finding import Card, Found, find
from throughgate.people.queries.page import Looker, PersonPage, inbox, lookers, person_page

__all__ = [
    "Card",
    "CaseFilters",
    "CaseList",
    "CaseRow",
    "Due",
    "Found",
    "Looker",
    "PersonPage",
    "case_list",
    "find",
    "inbox",
    "lookers",
    "person_page",
]
