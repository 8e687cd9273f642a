"""Organizations that offer something: who they are, what they do where and when, and on what agreement."""

from throughgate.partners.models.agreements import Agreement, AgreementKind
from throughgate.partners.models.directory import Location, OpeningHours, Service, ServicePlace
from throughgate.partners.models.enquiries import (
    Enquiry,
    EnquiryDraft,
    EnquiryKind,
    EnquiryMessage,
    EnquiryStatus,
)
from throughgate.partners.models.organizations import (
    DIRECTORY,
    Organization,
    OrganizationKind,
    OrganizationStatus,
)

__all__ = [
    "DIRECTORY",
    "Agreement",
    "AgreementKind",
    "Enquiry",
    "EnquiryDraft",
    "EnquiryKind",
    "EnquiryMessage",
    "EnquiryStatus",
    "Location",
    "OpeningHours",
    "Organization",
    "OrganizationKind",
    "OrganizationStatus",
    "Service",
    "ServicePlace",
]
