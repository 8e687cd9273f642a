"""Addresses of partnerships; they stand before those of an organization's own page."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import agreements, partnerships, proposals

urlpatterns = [
    path("partners/waiting/", partnerships.waiting_list, name="partners_waiting"),
    path("partners/vetting/", partnerships.vetting_begin, name="vetting_begin"),
    path("partners/<str:code>/vetting/", partnerships.vetting, name="vetting"),
    path("partners/<str:code>/vetting/begin/", partnerships.vetting_begin, name="vetting_begin_known"),
    path("partners/<str:code>/vetting/<str:item>/", partnerships.item, name="vetting_item"),
    path("partners/<str:code>/stage/<str:to>/", partnerships.stage, name="stage"),
    path("partners/<str:code>/documents/ask/", partnerships.document_ask, name="document_ask"),
    path("partners/<str:code>/documents/new/", partnerships.document_record, name="document_record"),
    path("partners/<str:code>/documents/<str:document>/", partnerships.document, name="document"),
    path(
        "partners/<str:code>/documents/<str:document>/withdraw/",
        partnerships.document_withdraw,
        name="document_withdraw",
    ),
    path(
        "partners/<str:code>/documents/<str:document>/file/",
        partnerships.document_file,
        name="document_file",
    ),
    path("partners/<str:code>/messages/", partnerships.letters, name="letters"),
    path("partners/<str:code>/messages/read/", partnerships.letters_read, name="letters_read"),
    path("partners/<str:code>/agreements/new/", agreements.agreement_edit, name="agreement_new"),
    path("partners/<str:code>/agreements/<str:agreement>/", agreements.agreement, name="agreement"),
    path(
        "partners/<str:code>/agreements/<str:agreement>/edit/",
        agreements.agreement_edit,
        name="agreement_edit",
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/send/",
        agreements.agreement_send,
        name="agreement_send",
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/sign/",
        agreements.agreement_sign,
        name="agreement_sign",
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/next/",
        agreements.agreement_next,
        name="agreement_next",
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/withdraw/",
        agreements.agreement_withdraw,
        name="agreement_withdraw",
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/end/", agreements.agreement_end, name="agreement_end"
    ),
    path(
        "partners/<str:code>/agreements/<str:agreement>/print/",
        agreements.agreement_print,
        name="agreement_print",
    ),
    path("proposals/", proposals.proposals, name="proposals"),
    path("proposals/<str:code>/", proposals.proposal, name="proposal"),
    path("proposals/<str:code>/answer/", proposals.offer_answer, name="offer_answer"),
    path("proposals/<str:code>/program/", proposals.proposal_program, name="proposal_program"),
    path("proposals/<str:code>/steps/<str:step>/", proposals.step_decide, name="step_decide"),
]
