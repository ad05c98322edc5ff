from django.urls import path

from portal.invitations import views

app_name = "invitations"
urlpatterns = [
    path("", views.invitation, name="open"),
    path("<str:token>/", views.link, name="link"),
]
