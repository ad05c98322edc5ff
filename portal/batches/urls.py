from django.urls import path

from portal.batches import ending, views

app_name = "batches"
urlpatterns = [
    path("", views.batches, name="list"),
    path("teardown/<str:kind>/<str:guid>/", ending.teardown, name="teardown"),
    path("schedule/<str:kind>/<str:guid>/", ending.schedule, name="schedule"),
    path("scheduled/<int:pk>/cancel/", ending.unschedule, name="unschedule"),
    path("<int:pk>/", views.batch, name="detail"),
    path("<int:pk>/resume/", views.resume, name="resume"),
    path("<int:pk>/abandon/", views.abandon, name="abandon"),
]
