from django.urls import path

from portal.bell import views

app_name = "bell"
urlpatterns = [
    path("", views.mine, name="list"),
    path("count/", views.count, name="count"),
]
