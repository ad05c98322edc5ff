from django.urls import path

from portal.ous import changes, views

app_name = "ous"
urlpatterns = [
    path("", views.companies, name="list"),
    path("resellers/", views.resellers, name="resellers"),
    path("new/", changes.new, name="new"),
    path("new/sub-reseller/", changes.new_subreseller, name="new_subreseller"),
    path("<str:guid>/", views.company, name="detail"),
    path("<str:guid>/edit/", changes.edit, name="edit"),
    path("<str:guid>/delete/", changes.delete, name="delete"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
