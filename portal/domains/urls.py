from django.urls import path

from portal.domains import ending, views

app_name = "domains"
urlpatterns = [
    path("", views.domains, name="list"),
    path("new/<str:company>/", views.new, name="new"),
    path("<str:guid>/", views.domain, name="detail"),
    path("<str:guid>/link/", views.link, name="link"),
    path("<str:guid>/fields/", views.fields, name="fields"),
    path("<str:guid>/provision/", views.provision, name="provision"),
    path("<str:guid>/do/<str:operation>/", ending.do, name="do"),
    path("<str:guid>/delete/", ending.delete, name="delete"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
