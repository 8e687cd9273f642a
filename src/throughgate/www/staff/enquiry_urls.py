"""Addresses of the enquiries, below the partners' door."""

from __future__ import annotations

from django.urls import path

from throughgate.www.staff import enquiries

urlpatterns = [
    path("enquiries/", enquiries.enquiries, name="enquiries"),
    path("enquiries/<str:code>/", enquiries.enquiry, name="enquiry"),
    path("enquiries/<str:code>/do/<str:verb>/", enquiries.enquiry_do, name="enquiry_do"),
    path("enquiries/<str:code>/now/<str:verb>/", enquiries.enquiry_now, name="enquiry_now"),
    path("enquiries/<str:code>/file/<str:message>/", enquiries.enquiry_file, name="enquiry_file"),
]
