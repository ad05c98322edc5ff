from django.urls import path

from portal.trail import views

app_name = "trail"
urlpatterns = [
    path("", views.entries, name="list"),
    path("<int:pk>/", views.entry, name="detail"),
]
