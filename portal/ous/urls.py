from django.urls import path

from portal.ous import views

app_name = "ous"
urlpatterns = [
    path("", views.companies, name="list"),
    path("new/", views.new, name="new"),
    path("<str:guid>/", views.company, name="detail"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
