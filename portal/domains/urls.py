from django.urls import path

from portal.domains import views

app_name = "domains"
urlpatterns = [
    path("", views.domains, name="list"),
    path("new/<str:company>/", views.new, name="new"),
    path("<str:guid>/", views.domain, name="detail"),
    path("<str:guid>/link/", views.link, name="link"),
    path("<str:guid>/fields/", views.fields, name="fields"),
    path("<str:guid>/provision/", views.provision, name="provision"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
