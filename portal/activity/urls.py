from django.urls import path

from portal.activity import settling, views

app_name = "activity"
urlpatterns = [
    path("", views.actions, name="list"),
    path("settle/", settling.several, name="settle_several"),
    path("<int:pk>/", views.action, name="detail"),
    path("<int:pk>/again/", views.again, name="again"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/settle/", views.settle, name="settle"),
]
