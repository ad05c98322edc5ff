from django.urls import path

from portal.acting import views

app_name = "acting"
urlpatterns = [
    path("", views.looks, name="list"),
    path("stop/", views.stop, name="stop"),
    path("as/<str:guid>/", views.begin, name="begin"),
]
