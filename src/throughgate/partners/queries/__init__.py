"""What is known of partners: the directory here; ``partnership`` and ``proposals`` are asked by name."""

from throughgate.partners.queries.directory import (
    PAGE,
    SHOWN,
    Directory,
    DirectoryFilters,
    Hit,
    OrganizationPage,
    agreements_ending,
    agreements_on,
    directory_choices,
    has_agreement,
    organization_page,
    search_directory,
    term,
)

__all__ = [
    "PAGE",
    "SHOWN",
    "Directory",
    "DirectoryFilters",
    "Hit",
    "OrganizationPage",
    "agreements_ending",
    "agreements_on",
    "directory_choices",
    "has_agreement",
    "organization_page",
    "search_directory",
    "term",
]
