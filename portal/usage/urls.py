from django.urls import path

from portal.usage import views

app_name = "usage"
urlpatterns = [
    path("", views.usage, name="list"),
    path("months/", views.months, name="months"),
    path("companies/<str:guid>/", views.company, name="company"),
    path("domains/<str:guid>/", views.domain, name="domain"),
    path("collect/", views.collect, name="collect"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
]
