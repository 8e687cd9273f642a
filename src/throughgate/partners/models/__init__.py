"""Organizations that offer something: who they are, what they do where and when, and how far we are with them."""

from throughgate.partners.models.agreements import (
    Agreement,
    AgreementKind,
    AgreementState,
    Side,
    Signature,
    SignedHow,
)
from throughgate.partners.models.directory import Location, OpeningHours, Service, ServicePlace
from throughgate.partners.models.documents import Document, DocumentState
from throughgate.partners.models.enquiries import (
    Enquiry,
    EnquiryDraft,
    EnquiryKind,
    EnquiryMessage,
    EnquiryStatus,
)
from throughgate.partners.models.letters import Letter
from throughgate.partners.models.organizations import (
    DIRECTORY,
    Organization,
    OrganizationKind,
    OrganizationStatus,
    StageChange,
)
from throughgate.partners.models.proposals import (
    Proposal,
    ProposalEvent,
    ProposalState,
    ProposalStep,
    StepState,
    WishedTime,
)
from throughgate.partners.models.vetting import ItemState, Outcome, Vetting, VettingItem, VettingNote

__all__ = [
    "DIRECTORY",
    "Agreement",
    "AgreementKind",
    "AgreementState",
    "Document",
    "DocumentState",
    "Enquiry",
    "EnquiryDraft",
    "EnquiryKind",
    "EnquiryMessage",
    "EnquiryStatus",
    "ItemState",
    "Letter",
    "Location",
    "OpeningHours",
    "Organization",
    "OrganizationKind",
    "OrganizationStatus",
    "Outcome",
    "Proposal",
    "ProposalEvent",
    "ProposalState",
    "ProposalStep",
    "Service",
    "ServicePlace",
    "Side",
    "Signature",
    "SignedHow",
    "StageChange",
    "StepState",
    "Vetting",
    "VettingItem",
    "VettingNote",
    "WishedTime",
]
